"""What a figure, a version, a list of rights means for a centre. Pure: values in, findings out."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from intake112.findings import Finding, ok, warning, wrong

MB: Final = 1_000_000
DISK_LOW, DISK_FULL, DISK_FULL_BYTES = 0.10, 0.02, 500 * MB
CLOCK_S: Final = 1.0
ASTERISK: Final = range(20, 23)
RELOAD: Final = "`asterisk -rx 'manager reload'`"

# Actions, as ListCommands names them: it lists what a user may do, and nothing needs to be tried.
EAR_ASKS: Final = ("CoreSettings", "CoreShowChannels", "CoreStatus", "Getvar", "QueueStatus")
HAND_DOES: Final = (
    *("Atxfer", "CancelAtxfer", "Getvar", "Hangup", "Originate", "PlayDTMF"),
    *("QueueAdd", "QueuePause", "QueueRemove", "Redirect"),
)
ACTS: Final = (
    *("Atxfer", "BlindTransfer", "Bridge", "Hangup", "Originate", "Park", "QueueAdd", "QueuePause", "QueueRemove"),
    *("Redirect", "Setvar", "MuteAudio", "MixMonitor"),
)
COMMANDS_THE_PBX: Final = ("Command", "DBDel", "DBPut", "GetConfig", "ModuleLoad", "Reload", "UpdateConfig")

# What loads with a module and can be seen from outside: a function that answers, or an action of the desk's hand.
# Of those that bring neither, func_module is asked.
FUNCTIONS: Final = {
    "func_uri": ("URIENCODE(a b)", "a%20b"),
    "func_strings": ('REGEX("^1" 112)', "1"),
    "func_groupcount": ("GROUP_COUNT(out@intake112-doctor)", "0"),
    "func_dialplan": ("DIALPLAN_EXISTS(intake112-doctor,112,1)", "0"),
    "func_devstate": ("DEVICE_STATE(PJSIP/intake112-doctor)", "INVALID"),
    "app_queue": ("QUEUE_EXISTS(intake112-doctor)", "0"),
    "func_module": ("IFMODULE(intake112-doctor.so)", "0"),
}
HAND_SHOWS: Final = {
    "app_mixmonitor": "MixMonitorMute",
    "app_confbridge": "ConfbridgeKick",
    "app_senddtmf": "PlayDTMF",
}


def sqlite(version: str) -> Finding:
    """Judge SQLite's version: before 3.51.3 (3.50.7, 3.44.6) two who checkpoint at the same time may harm the file."""
    at = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if at >= (3, 51, 3) or (3, 50, 7) <= at < (3, 51) or (3, 44, 6) <= at < (3, 45):
        return ok("SQLite", version)
    found = f"{version} has the WAL-reset race, so only the service may checkpoint (it does)"
    mend = "open the database with no other program while the service runs; update SQLite to 3.51.3, 3.50.7 or 3.44.6"
    return warning("SQLite", found, mend)


def asterisk(version: str) -> Finding:
    """Judge Asterisk's version, as CoreSettings tells it."""
    number = re.match(r"(?:certified[/-])?(\d+)", version)
    if number is not None and int(number[1]) in ASTERISK:
        return ok("Asterisk", version)
    between = f"{ASTERISK.start} to {ASTERISK.stop - 1}"
    return warning("Asterisk", f"{version or 'no version'} is not {between}", f"install Asterisk {between}, an LTS")


def systemname(theirs: str, ours: str) -> Finding:
    """Compare the name in every uniqueid with the one in every call's key."""
    if theirs == ours:
        return ok("systemname", theirs)
    found = f"Asterisk calls itself {theirs!r}, INTAKE112_PBX says {ours!r}"
    mend = (
        f"asterisk.conf, [options]: `systemname={ours}`, and restart Asterisk; or set INTAKE112_PBX={theirs or 'NAME'}"
    )
    return wrong("systemname", found, mend)


def ear(user: str, actions: Collection[str]) -> Finding:
    """Judge what the user who listens may do: ask, and nothing else."""
    check, section = "rights of the ear", f"manager.conf, [{user}]"
    if acts := [name for name in (*ACTS, *COMMANDS_THE_PBX) if name in actions]:
        found = f"{user} may act: {', '.join(acts)}"
        return wrong(check, found, f"{section}: `write=reporting`, then {RELOAD}")
    if lacks := [name for name in EAR_ASKS if name not in actions]:
        found = f"{user} may not ask {', '.join(lacks)}: calls in progress are not found after a gap"
        return wrong(check, found, f"{section}: `write=reporting`, then {RELOAD}")
    return ok(check, f"{user} may ask, and has no right to act")


def hand(user: str, actions: Collection[str]) -> Finding:
    """Judge what the user may do by whom the desk acts."""
    check, mend = "rights of the hand", f"manager.conf, [{user}]: `write=call,agent,originate`, then {RELOAD}"
    if too_much := [name for name in COMMANDS_THE_PBX if name in actions]:
        return wrong(check, f"{user} may do more than calls need: {', '.join(too_much)}", mend)
    if lacks := [name for name in HAND_DOES if name not in actions]:
        return wrong(check, f"{user} may not {', '.join(lacks)}: the desk cannot do it", mend)
    return ok(check, f"{user} may hang up, call back, pass on and change the queue")


def modules(
    values: Mapping[str, str], hand_actions: Collection[str] | None, loaded: Mapping[str, str] | None = None
) -> Finding:
    """Judge which modules are loaded: `values` answers FUNCTIONS, by module; no hand, and three are not seen.

    `loaded` is IFMODULE of others, by module: 1, 0, or empty where the PBX cannot say.
    """
    missing = [name for name, (_, answer) in FUNCTIONS.items() if values[name] != answer]
    missing += [name for name, said in (loaded or {}).items() if said == "0"]
    if hand_actions is not None:
        missing += [name for name, action in HAND_SHOWS.items() if action not in hand_actions]
    if not missing:
        unseen = (
            "" if hand_actions is not None else f" ({', '.join(HAND_SHOWS)} not seen: no session of a control user)"
        )
        return ok("modules", f"what the dialplan needs is loaded{unseen}")
    lines = ", ".join(f"`load={name}.so`" for name in missing)
    commands = "; ".join(f"`asterisk -rx 'module load {name}'`" for name in missing)
    return wrong("modules", f"not loaded: {', '.join(missing)}", f"modules.conf: {lines}, then {commands}")


def mirror(port: int | None, loaded: str, *, trunks: bool) -> Finding:
    """Judge IFMODULE of what mirrors the PBX's SIP messages, the port to which they come, and whether any is read."""
    check = "positions"
    if port is None:
        found = "INTAKE112_HEP_PORT is not set: where a caller's network says that he is, is not taken over"
        return warning(check, found, "INTAKE112_HEP_PORT=9060, as `capture_address` in hep.conf has it")
    if not trunks:
        found = "not heard: INTAKE112_HEP_TRUNKS is not set, so nobody's word is taken"
        return wrong(check, found, "INTAKE112_HEP_TRUNKS= the carrier's addresses, as `match=` in pjsip.conf has them")
    if loaded == "":
        return warning(check, "the PBX cannot say", "modules.conf: `load=func_module.so`, and load it")
    if loaded != "1":
        mend = (
            "modules.conf: `load=res_hep.so`, `load=res_hep_pjsip.so`; hep.conf as in asterisk-conf; restart Asterisk"
        )
        return wrong(check, "not heard: res_hep_pjsip is not loaded", mend)
    return ok(check, f"mirrored; `capture_address` in hep.conf must name port {port}")


def trunk(name: str, state: str) -> Finding:
    """Judge DEVICE_STATE of a way in."""
    check = f"trunk {name}"
    match state:
        case "INVALID":
            there_is_none = (
                "pjsip.conf: write the endpoint, or correct INTAKE112_TRUNKS, then `asterisk -rx 'pjsip reload'`"
            )
            return wrong(check, "Asterisk has no such endpoint", there_is_none)
        case "UNAVAILABLE":
            look = (
                f"`asterisk -rx 'pjsip show endpoint {name}'`; call the carrier, check the network and `contact` in "
                "pjsip.conf"
            )
            return wrong(check, "gone: no call comes through it", look)
        case "":
            return warning(check, "the PBX cannot say", "modules.conf: `load=func_devstate.so`, and load it")
        case _:
            return ok(check, f"there ({state})")


def desks(states: Mapping[str, str]) -> Finding:
    """Judge DEVICE_STATE of all desks, by name."""
    if not any(states.values()):
        return warning("desks", "the PBX cannot say", "modules.conf: `load=func_devstate.so`, and load it")
    unknown = sorted(name for name, state in states.items() if state == "INVALID")
    gone = sorted(name for name, state in states.items() if state == "UNAVAILABLE")
    there = len(states) - len(unknown) - len(gone)
    found = f"{there} of {len(states)} telephones are there"
    if unknown:
        found += f"; Asterisk has no {', '.join(unknown)}"
    if gone:
        found += f"; not registered: {', '.join(gone)}"
    if not unknown and not gone:
        return ok("desks", found)
    mend = (
        "switch the telephones on, look at `asterisk -rx 'pjsip show contacts'`, or name in INTAKE112_DESKS "
        "only those in use"
    )
    return warning("desks", found, mend)


def queue(name: str, *, exists: bool, logged_in: int) -> Finding:
    """Judge one queue of the line."""
    check = f"queue {name}"
    if not exists:
        mend = (
            f"queues.conf: [{name}] as in asterisk-conf, or correct INTAKE112_LINE_QUEUES, then `asterisk -rx "
            "'queue reload all'`"
        )
        return wrong(check, "Asterisk has no such queue", mend)
    if not logged_in:
        mend = f"log in at the desk; by hand `asterisk -rx 'queue add member PJSIP/op1 to {name}'`"
        return warning(check, "nobody is logged in, so callers wait", mend)
    return ok(check, f"{logged_in} logged in")


def clock(offset_s: float) -> Finding:
    """Judge how far the PBX's clock is ahead of ours, in seconds."""
    found = f"the PBX's is {offset_s * 1000:+.0f} ms from ours"
    if abs(offset_s) <= CLOCK_S:
        return ok("clock", found)
    return wrong("clock", found, "run NTP on both machines: `apt-get install chrony`, then `chronyc tracking`")


def disk(what: str, place: str, free: int, total: int) -> Finding:
    """Judge a disk by its free and total bytes."""
    share = free / total if total else 0.0
    check, found = f"disk of {what}", f"{free / MB:,.0f} MB free of {total / MB:,.0f} ({share:.0%}) at {place}"
    mend = f"free some: `du -xh --max-depth=2 {place} | sort -h | tail`, then a larger disk"
    if share < DISK_FULL or free < DISK_FULL_BYTES:
        return wrong(check, found, mend)
    if share < DISK_LOW:
        return warning(check, found, mend)
    return ok(check, found)
