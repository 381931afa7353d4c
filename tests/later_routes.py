"""FastAPI's routes, each built when it is first asked for: a test asks few of the 144 that an application has.

To build them all is a quarter of a second, more than most tests of the API take. They are built by FastAPI as ever,
only later; the product builds them at its start, and the tests of its processes and of /openapi.json see all of them.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import compile_path, get_name


class LaterRoute(APIRoute):
    """A route that knows its address and its methods, and builds itself when it is asked for anything else."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self._options = options
        self.path, self.endpoint = path, endpoint
        self.name = options["name"] or get_name(endpoint)
        self.methods = {method.upper() for method in options["methods"] or ["GET"]}
        self.include_in_schema = options["include_in_schema"]
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)

    def __getattr__(self, name: str) -> Any:
        """Build it; only what it does not have yet comes here."""
        if name.startswith("__") or "_options" not in self.__dict__:
            raise AttributeError(name)
        options = self.__dict__.pop("_options")
        super().__init__(self.path, self.endpoint, **options)
        return getattr(self, name)


def build_later() -> None:
    """Let every router made from now on take such routes."""
    defaults = APIRouter.__init__.__kwdefaults__
    assert defaults is not None
    defaults["route_class"] = LaterRoute
