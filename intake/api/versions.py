"""ETag and If-Match: which version somebody saw before they changed a thing."""

from typing import Annotated, Any, Final, TypeVar

from fastapi import Header, Response

from intake.api import schemas
from intake.api.errors import BadIfMatchError, MissingIfMatchError

IF_MATCH: Final[dict[str, Any]] = {  # needed, though it is our own 428 that says so when it is missing
    "parameters": [
        {
            "name": "if-match",
            "in": "header",
            "required": True,
            "schema": {"type": "string", "pattern": r'^"[0-9]{1,9}"$'},
            "description": 'the ETag you saw, such as "7"',
        }
    ]
}
VERSIONED: Final[dict[str, Any]] = {
    "headers": {"ETag": {"description": "its version, for If-Match", "schema": {"type": "string"}}}
}
IfMatch = Annotated[str | None, Header(include_in_schema=False)]
T = TypeVar("T", bound=schemas.Versioned)


def with_etag(shown: T, response: Response) -> T:
    """Give an answer the ETag of what it shows."""
    response.headers["ETag"] = f'"{shown.version}"'
    return shown


def seen(if_match: str | None) -> int:
    """Return the version that If-Match names. Raises MissingIfMatchError, BadIfMatchError."""
    if if_match is None:
        raise MissingIfMatchError
    inner = if_match.strip()
    if not (len(inner) <= 11 and inner[:1] == inner[-1:] == '"' and inner[1:-1].isascii() and inner[1:-1].isdecimal()):
        raise BadIfMatchError
    return int(inner[1:-1])
