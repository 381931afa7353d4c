"""What `intake112 doctor` asks a PBX, and what the answers mean for a centre."""

import asyncio
import contextlib
from dataclasses import dataclass

from ami_bridge import control, trial
from ami_bridge.asking import LOGGED_IN, Asked, Core, asked
from ami_bridge.line import RefusedError
from ami_bridge.session import Pbx
from ami_bridge.trial import FORMS, NAME, PLAIN, Trial
from intake112 import on_disk, verdicts
from intake112.clock import FileClock, SteadyClock
from intake112.findings import Finding, ok, warning, wrong
from intake112.settings import Settings
from intake112.verdicts import FUNCTIONS, RELOAD

DIALPLAN_RELOAD = "`asterisk -rx 'dialplan reload'`"
HEARD_WITHIN_S = 3.0
LOOKS, BETWEEN_LOOKS_S = 8, 0.25
CONTEXTS = (
    ("overflow", "112", "a caller whom nobody answers is hung up"),
    ("again", "112", "the desk cannot pass a caller on"),
    ("transfer", "+6281200000000", "the desk cannot pass a caller on"),
    ("intake-out", "+6281200000000", "the desk cannot call back or ask an agency"),
)


@dataclass(frozen=True, slots=True)
class Joined:
    """The sessions to ask on, and what the settings say of that PBX; `hand` is None where there is no such user."""

    settings: Settings
    clock: SteadyClock | FileClock
    pbx: Pbx
    ear: Asked
    hand: Asked | None


def refused(check: str, pbx: Pbx, why: str, names: str) -> Finding:
    """Say that the PBX refused a log-in; `names`: the settings' beginning."""
    mend = (
        f"manager.conf, [{pbx.username}]: `secret=` as INTAKE112_{names}_SECRET has it, "
        "`permit=127.0.0.1/255.255.255.255` "
        f"(this machine's address), then {RELOAD}"
    )
    return wrong(check, why, mend)


def unreachable(pbx: Pbx, why: str) -> Finding:
    """Say that there is no PBX."""
    mend = (
        f"`systemctl status asterisk`; manager.conf, [general]: `enabled=yes`, `port={pbx.port}`; "
        "INTAKE112_AMI_HOST and _PORT"
    )
    return wrong("AMI", f"{pbx.host}:{pbx.port}: {why}", mend)


async def rights(joined: Joined) -> list[Finding]:
    """Ask what each user may do."""
    found = [verdicts.ear(joined.ear.user, await joined.ear.actions())]
    if joined.hand is not None:
        found.append(verdicts.hand(joined.hand.user, await joined.hand.actions()))
    return found


async def hearing(joined: Joined) -> list[Finding]:
    """Listen for what log-ins make: FullyBooted (`system`) with our own, SuccessfulAuth (`security`) with another."""
    ear, user = joined.ear, joined.ear.user
    mend = f"manager.conf, [{user}]: `read=call,agent,user,system,security`, then {RELOAD}"
    try:
        await ear.until(lambda one: one.event == "FullyBooted", within_s=HEARD_WITHIN_S)
    except TimeoutError:
        return [wrong("hearing", f"{user} does not hear `system`, or Asterisk has not booted yet", mend)]
    async with contextlib.nullcontext() if joined.hand is not None else asked(joined.pbx):
        try:
            told = await ear.until(lambda one: one.event == LOGGED_IN, within_s=HEARD_WITHIN_S)
        except TimeoutError:
            said = f"{user} does not hear `security`: nobody notices that the PBX refuses the carrier's calls"
            return [wrong("hearing", said, mend)]
    heard = ok("hearing", "system and security; call, agent and user are heard by --call")
    if told.get("Timestamp"):
        return [heard, ok("timestampevents", "on")]
    stamped = f"manager.conf, [general]: `timestampevents=yes`, then {RELOAD}"
    return [heard, wrong("timestampevents", "off: waits are measured by when events arrive here", stamped)]


async def itself(joined: Joined) -> list[Finding]:
    """Ask for version and name."""
    core = await joined.ear.core()
    return [verdicts.asterisk(core.version), verdicts.systemname(core.systemname, joined.settings.pbx)]


async def time(joined: Joined) -> list[Finding]:
    """Compare the clocks."""
    ahead = await joined.ear.clock_ahead_s(joined.clock)
    if ahead is None:
        return [warning("clock", "the PBX does not tell its time", "install Asterisk 20 to 22")]
    return [verdicts.clock(ahead)]


async def modules(joined: Joined) -> list[Finding]:
    """Ask for what loads with each module, and for those that the desk's hand asks for before it does anything."""
    values = {name: await joined.ear.value(variable) for name, (variable, _) in FUNCTIONS.items()}
    there = {name: await joined.ear.value(control.loaded(name)) for name in (*control.ASKED_FOR, "app_userevent")}
    return [verdicts.modules(values, await joined.hand.actions() if joined.hand is not None else None, there)]


async def dialplan(joined: Joined) -> list[Finding]:
    """Ask whether every dialled form gets into the line, what it meets there, and for the ways out."""
    found = [await _line(joined, context) for context in sorted(joined.settings.line_contexts)]
    say = wrong if joined.settings.control_username else warning
    for context, exten, without in CONTEXTS:
        check = f"dialplan [{context}]"
        if await joined.ear.value(f"DIALPLAN_EXISTS({context},{exten},1)") == "1":
            found.append(ok(check, "there"))
        else:
            mend = f"extensions.conf: [{context}] as in asterisk-conf, then {DIALPLAN_RELOAD}"
            found.append(say(check, f"not there: {without}", mend))
    return [*found, *await _test_caller(joined)]


async def _test_caller(joined: Joined) -> list[Finding]:
    """Ask whether the dialplan knows the bridge's own test calls over the trunk; else each of them rings operators."""
    if joined.settings.test_number is None:
        return []
    caller = await joined.ear.value("TEST_CALLER")
    if caller:
        return [ok("test caller", caller)]
    mend = f"extensions.conf, [globals]: `TEST_CALLER=` the number as the carrier shows it, then {DIALPLAN_RELOAD}"
    return [wrong("test caller", "INTAKE112_TEST_NUMBER is set, and the dialplan knows no TEST_CALLER", mend)]


async def _line(joined: Joined, context: str) -> Finding:
    check = f"dialplan [{context}]"
    mend = (
        f"extensions.conf: [{context}] as in asterisk-conf (`exten => _[!-~]!,1,UserEvent(Intake112,…)`), "
        f"then {DIALPLAN_RELOAD}"
    )
    forms = _forms(joined.settings)
    there = [form for form in forms if await joined.ear.value(f"DIALPLAN_EXISTS({context},{form},1)") == "1"]
    if lacks := [form for form in forms if form not in there]:
        found = f"who is sent here as {', '.join(lacks)} gets 404, and leaves no trace"
        return wrong(check, found, mend)
    steps = await joined.ear.steps(context)
    if not any(step.application == "UserEvent" and step.data.startswith("Intake112,") for step in steps):
        found = "no UserEvent(Intake112, …): withheld numbers and the names of recordings are not known"
        beyond = "where it goes on to another context that has it, --call shows that it is sent"
        return warning(check, found, f"{mend}; {beyond}")
    if not any(step.application == "MixMonitor" for step in steps):
        return warning(check, "no MixMonitor: calls are not recorded", mend)
    return ok(check, f"takes {', '.join(forms)}")


def _forms(settings: Settings) -> tuple[str, ...]:
    return tuple(sorted(settings.line_numbers)) or FORMS


async def queues(joined: Joined) -> list[Finding]:
    """Ask for each queue and who is logged in there."""
    found = []
    for name in sorted(joined.settings.line_queues):
        exists = await joined.ear.value(f"QUEUE_EXISTS({name})") == "1"
        logged_in = await joined.ear.value(f"QUEUE_MEMBER({name},logged)") if exists else "0"
        found.append(verdicts.queue(name, exists=exists, logged_in=int(logged_in) if logged_in.isdigit() else 0))
    return found


async def devices(joined: Joined) -> list[Finding]:
    """Ask for the state of every trunk and desk.

    Who is not there is asked by an OPTIONS of Asterisk's first: after a restart it looks at none for up to `qualify`.
    """
    trunks, desks = sorted(joined.settings.trunks), sorted(joined.settings.desks)
    states = {name: await _state(joined, name) for name in (*trunks, *desks)}
    gone = [name for name, state in states.items() if state == "UNAVAILABLE"]
    for name in gone:
        with contextlib.suppress(RefusedError):  # it has no contact to ask, or the ear may not
            await joined.ear.line.action("PJSIPQualify", Endpoint=name)
    for _ in range(LOOKS):
        if not (gone := [name for name in gone if states[name] == "UNAVAILABLE"]):
            break
        await asyncio.sleep(BETWEEN_LOOKS_S)
        states |= {name: await _state(joined, name) for name in gone}
    found = [verdicts.trunk(name, states[name]) for name in trunks]
    return [*found, verdicts.desks({name: states[name] for name in desks})] if desks else found


async def mirror(joined: Joined) -> list[Finding]:
    """Ask whether the PBX mirrors its SIP messages, where callers' positions are read."""
    port = joined.settings.hep_port
    loaded = "" if port is None else await joined.ear.value("IFMODULE(res_hep_pjsip.so)")
    return [verdicts.mirror(port, loaded, trunks=bool(joined.settings.hep_trunks))]


async def _state(joined: Joined, endpoint: str) -> str:
    return await joined.ear.value(f"DEVICE_STATE(PJSIP/{endpoint})")


async def core(joined: Joined) -> Core:
    """Ask how many calls there were. Raises LineError."""
    return await joined.ear.core()


def not_called() -> Finding:
    """Say that no test call was made, and how one is."""
    found = "not made: that no event filter hides a caller is not proven"
    return warning("test call", found, "`intake112 doctor --call`: rings no telephone, makes no report, takes seconds")


async def test_calls(joined: Joined) -> list[Finding]:
    """Call every dialled form of every context of the line, and see what was heard and written of it."""
    if joined.hand is None:
        mend = "set INTAKE112_CONTROL_USERNAME and _SECRET (manager.conf, [intake112-control])"
        return [warning("test call", "not made: there is no session of a control user", mend)]
    settings, found, made = joined.settings, list[Finding](), list[Trial]()
    cel_at, queue_at = await on_disk.ask(lambda: (on_disk.size(settings.cel_file), on_disk.size(settings.queue_log)))
    name = NAME
    for context in sorted(settings.line_contexts):
        for form in _forms(settings):
            one = await trial.call(joined.ear, joined.hand, context, form, name)
            made.append(one)
            again = None
            if one.unheard and name == NAME:
                again = await trial.call(joined.ear, joined.hand, context, form, PLAIN)
                made.append(again)
                name = NAME if again.unheard else PLAIN  # the filter is known; the other forms are asked for themselves
            found.append(_heard(joined, f"test call {form} in [{context}]", one, again))
    return [*found, *await _written(settings, made, cel_at, queue_at)]


def _heard(joined: Joined, check: str, one: Trial, again: Trial | None) -> Finding:
    """Judge a call under NAME, and the one under a plain name when something of the first was not heard."""
    section = f"manager.conf, [{joined.ear.user}]"
    if not one.unheard:
        return ok(check, "heard from the ring to its end")
    if again is not None and len(again.unheard) < len(one.unheard):
        hidden = ", ".join(event for event in one.unheard if event not in again.unheard)
        found = f"an event filter hides {hidden} of a caller named `Event: VarSet`, or the like"
        mend = (
            f"{section}: `eventfilter=!^Event: (VarSet|Newexten|RTCP.*|TestEvent)`, with the ^ and no other "
            f"filter, then {RELOAD}"
        )
        return wrong(check, found, mend)
    unheard = again.unheard if again is not None else one.unheard
    mend = (
        f"{section}: `read=call,agent,user,system,security`, then {RELOAD}; extensions.conf as in "
        "asterisk-conf; `/var/log/asterisk/messages.log` says more"
    )
    return wrong(check, f"not heard: {', '.join(unheard)}", mend)


async def _written(settings: Settings, made: list[Trial], cel_at: int, queue_at: int) -> list[Finding]:
    """See whether the PBX's logs hold the last call, and take the recordings away."""
    found, last = [], made[-1].uniqueid
    for check, path, at in (
        ("test call in CEL", settings.cel_file, cel_at),
        ("test call in queue_log", settings.queue_log, queue_at),
    ):
        if path is not None:
            written = await on_disk.is_written(path, at, last)
            mend = (
                "cel.conf, cel_custom.conf, logger.conf as in asterisk-conf; `asterisk -rx 'core reload'`; is it "
                "this file?"
            )
            found.append(ok(check, "written") if written else wrong(check, f"no line of it in {path}", mend))
    names = [one.recording for one in made if one.recording]
    if settings.recordings_dir is None or not names:
        return found
    if await on_disk.are_taken_away(settings.recordings_dir, names):
        return [*found, ok("test call's recording", "found, and taken away")]
    mend = (
        f"MixMonitor of the dialplan and its folder; `chmod 2770 {settings.recordings_dir}`, `usermod -aG "
        "asterisk intake112`"
    )
    return [*found, wrong("test call's recording", "not there, or cannot be taken away", mend)]
