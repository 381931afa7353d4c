"""How the bytes of a photo come in: in pieces, bounded, in memory up to 1 MB and then on the disk.

What is too large is refused in the middle. The server throws the rest away as it comes, so a browser that still sends
is not cut off, and shows our sentence.
"""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, cast

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from intake.api.guard import LONGEST_BODY
from intake.photo_refusals import DigestError, NoPhotoError, PhotoCutError, PhotoTooLargeError
from intake.photo_store import MOST_BYTES

IN_MEMORY: Final = 1 << 20


@asynccontextmanager
async def raw(request: Request, digest: str | None) -> AsyncIterator[BinaryIO]:
    """Read a body that is a photo; it must be what `digest`, a Content-Digest, says.

    Raises PhotoTooLargeError, PhotoCutError, DigestError.
    """
    found = hashlib.sha256()
    with SpooledTemporaryFile(IN_MEMORY) as spool:
        try:
            async for piece in _bounded(request, MOST_BYTES).stream():
                found.update(piece)
                spool.write(piece)
        except ClientDisconnect:
            raise PhotoCutError from None
        if digest is not None and digest.strip() != content_digest(found.digest()):
            raise DigestError
        yield cast("BinaryIO", spool)


@asynccontextmanager
async def from_form(request: Request) -> AsyncIterator[tuple[BinaryIO, str]]:
    """Read a form with a `photo`, and `by`, who sends it. Raises NoPhotoError, PhotoTooLargeError, PhotoCutError."""
    try:
        async with _bounded(request, MOST_BYTES + LONGEST_BODY).form(max_files=1, max_fields=4) as form:
            photo, by = form.get("photo"), form.get("by")
            if not isinstance(photo, UploadFile):
                raise NoPhotoError
            yield photo.file, by if isinstance(by, str) else ""
    except ClientDisconnect:
        raise PhotoCutError from None
    except HTTPException:  # no form, or a broken one
        raise NoPhotoError from None


def content_digest(digest: bytes) -> str:
    """Return the Content-Digest (RFC 9530) of what has this SHA-256."""
    return f"sha-256=:{base64.b64encode(digest).decode()}:"


def signed(request: Request) -> bytes:
    """Return what an agency signs in the place of a photo's bytes: which photo it is, and of which dispatch."""
    return f"{request.path_params['dispatch_id']}.{request.headers.get('content-digest', '').strip()}".encode()


def _bounded(request: Request, most: int) -> Request:
    return Request(request.scope, _counted(request.receive, most))


def _counted(receive: Receive, most: int) -> Receive:
    size = 0

    async def receive_counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise PhotoTooLargeError
        return message

    return receive_counted
