"""Why a photo is not taken, or not shown. The phone page has a sentence of its own for each code."""

from typing import Final

from intake.refusals import DeskError

MOST_MB: Final = 8
MOST: Final = 6  # photos of one dispatch


class PhotoError(DeskError):
    """This photo cannot be taken."""


class NotAPhotoError(PhotoError):
    """This is no photo in JPEG, PNG or WebP: its first bytes say so. Send the photo's own bytes in one of the three."""

    status = 415
    code = "not_a_photo"


class NoPhotoError(PhotoError):
    """Nothing was sent. Choose a photo, and send it as the body."""

    status = 415
    code = "photo_none"


class PhotoTooLargeError(PhotoError):
    """A photo has at most 8 MB. Make it smaller, and send it again."""

    status = 413
    code = "photo_too_large"


class PhotoCutError(PhotoError):
    """The photo did not arrive whole, and nothing was kept. Send it again."""

    status = 400
    code = "photo_cut"


class DigestError(PhotoError):
    """Content-Digest is not that of the bytes that came. It looks like `sha-256=:…:`, base64 of SHA-256 (RFC 9530)."""

    status = 400
    code = "photo_digest"


class PhotoNotNowError(PhotoError):
    """The agency can send photos from when it accepted the dispatch until a day after it ended; it is not so now."""

    status = 409
    code = "photo_not_now"


class TooManyPhotosError(PhotoError):
    """This dispatch has 6 photos, and more are not taken. Tell the centre by telephone what another one shows."""

    status = 409
    code = "too_many_photos"


class PhotoNotKeptError(PhotoError):
    """The server's disk could not take the photo, and nothing was kept. Send it again later; the log says why."""

    status = 503
    code = "photo_not_kept"


class UnknownPhotoError(PhotoError):
    """This dispatch has no such photo. GET /api/v1/dispatches/{id}/photos lists them."""

    status = 404
    code = "unknown_photo"


class PhotoAwayError(PhotoError):
    """The photo's file is not in this server's folder of photos. Restore it from the backup, or share the folder."""

    status = 404
    code = "photo_away"
