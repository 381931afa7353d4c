"""From rows to the shapes of the wire: where a report is."""

from msgspec.structs import asdict

from db import location_links, positions, reports, sms
from db.engine import Reading
from db.handsets import HandsetRow
from db.location_links import LinkRow
from db.positions import PositionRow
from db.reports import ReportRow
from db.sms import SmsRow
from intake.api import location_schemas as schemas
from intake.caller_links import Made
from intake.handset import Taken


def location(row: ReportRow) -> dict[str, object]:
    """Return where a report is, as lists show it."""
    return {
        "text": row.location_text,
        "lat": row.location_lat,
        "lon": row.location_lon,
        "method": row.location_method,
        "radius_m": row.location_radius_m,
        "measured_at": row.location_measured_at,
        "place": row.location_place,
        "place_name": row.location_place_name,
    }


async def whole(reading: Reading, row: ReportRow) -> dict[str, object]:
    """Return where a report is, with all that is known of it."""
    every = (await positions.of_reports(reading, [row.id]))[row.id]
    by_id = {one.id: one for one in await sms.of_report(reading, row.id)}
    links = [_link(one, by_id) for one in await location_links.of_report(reading, row.id)]
    return location(row) | {"positions": [asdict(one) for one in every], "links": links}


def position(row: PositionRow) -> schemas.Position:
    """Return a position."""
    return schemas.Position.model_validate(asdict(row))


def new_link(made: Made) -> schemas.NewLink:
    """Return a new link."""
    by_id = {} if made.sms is None else {made.sms.id: made.sms}
    return schemas.NewLink.model_validate(_link(made.link, by_id) | {"url": made.url, "notes": made.notes})


def taken(message: Taken, *, tells_call: bool) -> schemas.HandsetMessage:
    """Return what became of a handset's message; unless it `tells_call`, nobody learns by it who called."""
    said = asdict(message.row) | {"report": message.report, "again": message.again}
    if not tells_call and message.row.state in ("joined", "waiting"):
        said |= {"state": "taken", "reason": None, "report": None}
    return schemas.HandsetMessage.model_validate(said)


async def kept(reading: Reading, rows: list[HandsetRow]) -> schemas.KeptMessages:
    """Return handsets' messages."""
    found = await reports.by_ids(reading, [row.report_id for row in rows if row.report_id is not None])
    numbers = {report_id: row.number for report_id, row in found.items()}
    return schemas.KeptMessages(
        messages=[
            schemas.KeptMessage.model_validate(asdict(row) | {"report": numbers.get(row.report_id or 0)})
            for row in rows
        ]
    )


def _link(row: LinkRow, sent: dict[str, SmsRow]) -> dict[str, object]:
    carried = sent.get(row.sms_id or "")
    return asdict(row) | {"sms": None if carried is None else asdict(carried)}
