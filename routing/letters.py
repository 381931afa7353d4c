"""What an agency is posted: stored bytes, with its platform's key if it has one, signed as they go out."""

from datetime import datetime

from db.agencies import AgencyRow
from routing import formats, signing
from routing.delivery import Letter


def to_agency(agency: AgencyRow, id: str, at: datetime, content_type: str, body: bytes) -> Letter:
    """Return the letter of a try at this time."""
    keys, api_key = agency.keys_at(at), agency.api_key
    body = formats.with_key(content_type, body, api_key)
    signature = signing.sign(keys, id, int(at.timestamp()), body)
    return Letter(id, at, signature, body, content_type, keys, hidden=[api_key] if api_key else [])
