"""What agencies may see of a report, made of its rows and those of the reports that are joined with it.

Several people call about one fire: each has a report of their own, and the agency sees all of them wherever it looks.
What the others say stands among the entries, with their report's number before it, so that every form has it. Flags
and the priority are those of all together: a crew that has one of them must know first what any of the callers said.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Final

from db import agencies, calls, dispatches, duplicates, entries
from db.calls import CallRow
from db.engine import Reading
from db.entries import EntryRow
from db.reports import ReportRow
from intake import placing
from intake.report import LABELS, NUMBER
from routing import rulebook, rules
from routing.visible import Flags, VisibleCaller, VisibleEntry, VisibleReport

OTHERS: Final = "112"  # who says what another of the joined reports says of itself
NO_CALLS: Final[Mapping[int, CallRow]] = {}
NOBODY: Final[Mapping[int, frozenset[str]]] = {}


async def visible(reading: Reading, row: ReportRow) -> VisibleReport:
    """Return what agencies may see of a report: what people wrote and did not strike, no caller's history."""
    if row.is_alone:
        call = (await calls.by_reports(reading, [row.id])).get(row.id)
        return shown(row, await entries.of_report(reading, row.id), call)
    group = await duplicates.group(reading, row)
    ids = [one.id for one in group]
    untold = await _untold(reading, row, [one for one in group if one.id != row.id])
    rang = await calls.by_reports(reading, ids)
    return together(row, group, await entries.of_reports(reading, ids), untold, rang)


def most_urgent(group: Iterable[ReportRow]) -> str | None:
    """Return the priority of a group, whose head is the first: the one that gives the shortest time."""
    return rules.most_urgent(*(one.priority for one in group))


def together(
    row: ReportRow,
    group: Sequence[ReportRow],
    written: Sequence[EntryRow],
    untold: Mapping[int, frozenset[str]] = NOBODY,
    rang: Mapping[int, CallRow] = NO_CALLS,
) -> VisibleReport:
    """Return the same of a report of a group, whose head is the first; `written` are the entries of all of them.

    `untold`: to which agencies the caller of another report is not told, by its id. `rang`: their calls, by that.
    """
    every = [shown(one, (), rang.get(one.id)) for one in group]
    own = shown(row, (one for one in written if one.report_id == row.id), rang.get(row.id))
    own = replace(own, priority=most_urgent(group), flags=_flags([one.flags for one in every]))
    all_told = list(own.entries)
    for other in group:
        if other.id != row.id:
            theirs = shown(other, (one for one in written if one.report_id == other.id), rang.get(other.id))
            said = f"[{other.number}] Kejadian yang sama"
            caller, about = _caller(theirs), _about(theirs)
            told = VisibleEntry(other.opened_at, OTHERS, f"{said}, penelepon {caller or 'tidak dikenal'}{about}")
            to = untold.get(other.id, frozenset())
            all_told.append(
                replace(told, untold=f"{said}, penelepon ada pada pusat 112{about}", untold_to=to) if caller else told
            )
            all_told += [replace(one, text=f"[{other.number}] {one.text}") for one in theirs.entries]
    callers = [
        VisibleCaller(
            one.number,
            one.caller_number,
            one.caller_number_raw,
            one.caller_name,
            one.caller_typed,
            untold.get(of.id, frozenset()),
        )
        for one, of in zip(every, group, strict=True)
    ]
    in_order = tuple(sorted(all_told, key=lambda one: one.at))
    return replace(own, entries=in_order, callers=tuple(callers), duplicate_of=row.duplicate_of)


def _caller(other: VisibleReport) -> str:
    return " ".join(filter(None, (other.caller_name, other.caller_said)))


def _flags(every: Sequence[Flags]) -> Flags:
    """Return what any of them says; "no" only where somebody has said no and nobody yes."""
    said = {one.name: [getattr(flags, one.name) for flags in every] for one in fields(Flags)}
    return Flags(**{name: True if True in has else False if False in has else None for name, has in said.items()})


async def _untold(reading: Reading, row: ReportRow, others: Collection[ReportRow]) -> dict[int, frozenset[str]]:
    """Return which agencies are not told who called, of reports that are joined with one they have.

    What was withheld when the report was sent there is withheld for good; what was not sent there, by its own rules as
    they were when it was joined: another hour, and another version, make no caller known.
    """
    tells = {agency.code: agency.caller_number for agency in await agencies.every(reading)}
    sent = await dispatches.of_reports(reading, [one.id for one in others])
    found = {}
    for one in others:
        lies_in = await placing.codes(reading, one.location_place)
        at = max((it for it in (one.joined_at, row.joined_at) if it is not None), default=None)
        by_rule = {it.agency: it for it in await rulebook.proposals(reading, one.kind, one.priority, lies_in, at)}
        told = tells | {code: it.tells_caller(tells[code]) for code, it in by_rule.items() if code in tells}
        frozen: dict[str, bool] = {}
        for it in sent.get(one.id, []):
            frozen[it.agency] = frozen.get(it.agency, True) and it.caller_number
        found[one.id] = frozenset(code for code, is_told in (told | frozen).items() if not is_told)
    return found


def _about(other: VisibleReport) -> str:
    """Say what else is reported of the same incident."""
    said = [""]
    if other.kind:
        said.append(f"jenis: {other.kind}")
    said += [LABELS[f"flags.{name}"].lower() for name in other.flags.raised()]
    if other.location_place_name:
        said.append(f"tempat: {other.location_place_name}")
    if other.location_text:
        said.append(f"lokasi: {other.location_text}")
    if other.location_lat is not None and other.location_lon is not None:
        said.append(f"{other.location_lat:.5f}, {other.location_lon:.5f}")
    if other.narrative:
        said.append(other.narrative)
    return "; ".join(said)


def shown(row: ReportRow, written: Iterable[EntryRow], call: CallRow | None = None) -> VisibleReport:
    """Return the same of a report that is alone, and whose entries and call are these."""
    return VisibleReport(
        number=row.number,
        version=row.version,
        status=row.status,
        classification=row.classification,
        kind=row.kind,
        priority=row.priority,
        source=row.source,
        exercise=row.exercise,
        opened_at=row.opened_at,
        caller_number=row.caller_number,
        caller_number_raw=row.caller_number_raw if call is None else call.number_raw,
        caller_typed=row.caller_number_raw if NUMBER in row.field_versions else None,
        caller_name=row.caller_name,
        location_text=row.location_text,
        location_lat=row.location_lat,
        location_lon=row.location_lon,
        location_method=row.location_method,
        location_radius_m=row.location_radius_m,
        location_measured_at=row.location_measured_at,
        location_place=row.location_place,
        location_place_name=row.location_place_name,
        narrative=row.narrative,
        flags=Flags(
            hurt=row.flag_hurt,
            trapped=row.flag_trapped,
            fire_spreading=row.flag_fire_spreading,
            weapon=row.flag_weapon,
            child=row.flag_child,
            no_road=row.flag_no_road,
        ),
        disposition=row.disposition,
        entries=tuple(
            VisibleEntry(one.at, one.author, one.text) for one in written if not one.automatic and one.struck_at is None
        ),
    )
