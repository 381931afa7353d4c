"""Why a photo is not taken, or not shown. The phone page has a sentence of its own for each code."""

from typing import Final

from intake.refusals import DeskError

MOST_MB: Final = 8
MOST: Final = 6  # photos of one dispatch


class PhotoError(DeskError):
    """This photo cannot be taken."""


class NotAPhotoError(PhotoError, status=415):
    """This is no photo in JPEG, PNG or WebP: its first bytes say so. Send the photo's own bytes in one of the three."""


class NoPhotoError(PhotoError, status=415, code="photo_none"):
    """Nothing was sent. Choose a photo, and send it as the body."""


class PhotoTooLargeError(PhotoError, status=413):
    """A photo has at most 8 MB. Make it smaller, and send it again."""


class PhotoCutError(PhotoError, status=400):
    """The photo did not arrive whole, and nothing was kept. Send it again."""


class DigestError(PhotoError, status=400, code="photo_digest"):
    """Content-Digest is not that of the bytes that came. It looks like `sha-256=:…:`, base64 of SHA-256 (RFC 9530)."""


class PhotoNotNowError(PhotoError, status=409):
    """The agency can send photos from when it accepted the dispatch until a day after it ended; it is not so now."""


class TooManyPhotosError(PhotoError, status=409):
    """This dispatch has 6 photos, and more are not taken. Tell the centre by telephone what another one shows."""


class PhotoNotKeptError(PhotoError, status=503):
    """The server's disk could not take the photo, and nothing was kept. Send it again later; the log says why."""


class UnknownPhotoError(PhotoError, status=404):
    """This dispatch has no such photo. GET /api/v1/dispatches/{id}/photos lists them."""


class PhotoAwayError(PhotoError, status=404):
    """The photo's file is not in this server's folder of photos. Restore it from the backup, or share the folder."""
