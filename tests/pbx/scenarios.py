"""SIPp scenarios as text: one for who calls, one for who is called.

Once a call is answered both do what they are told, as often as they are told: `HANGUP`, `HOLD`, `RESUME`, `TRANSFER`
and `PRESS` are requests that only the test sends (`Handset`), with the call's own Call-ID. So a story waits for what
Asterisk said and never for a guess of its speed. Every header that later messages repeat is kept in a variable when it
arrives, because SIPp's `[last_*]` means the very last message, the test's included.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

REFUSED: Final = b"X-Test: refused\n"
"""In an ACK that does not begin a talk."""

_SDP: Final = b"""v=0
o=sipp 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
a=ptime:20
"""


@dataclass(frozen=True)
class Caller:
    """Who calls, and how the carrier tells it. Numbers and names are put on the wire as they are.

    `number`: the From user, None for a From without one. `name`: display name, any bytes (quotes and backslashes are
    escaped as SIP wants). `withheld`: From is anonymous, `Privacy: id` is set, and number and name stand in
    P-Asserted-Identity only. `cell`: value of P-Access-Network-Info. `position`: what stands in the PIDF-LO document's
    `location-info` and behind it, sent as RFC 6442 says.
    """

    number: str | None = "+6281200000001"
    name: bytes | None = None
    withheld: bool = False
    cell: str | None = None
    position: str | None = None


def _quoted(name: bytes | None) -> bytes:
    if name is None:
        return b""
    return b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'" '


def _identity(caller: Caller, host: bytes) -> tuple[bytes, bytes]:
    """From (without tag) and the extra header lines."""
    user = b"" if caller.number is None else caller.number.encode() + b"@"
    own = _quoted(caller.name) + b"<sip:" + user + host + b">"
    extra = b"" if caller.cell is None else b"P-Access-Network-Info: " + caller.cell.encode() + b"\n"
    if caller.withheld:
        extra += b"Privacy: id\nP-Asserted-Identity: " + own + b"\n"
        return b'"Anonymous" <sip:anonymous@anonymous.invalid>', extra
    return own, extra


def _keep(pairs: dict[str, str]) -> bytes:
    return b"".join(
        f'<ereg regexp=".*" search_in="hdr" header="{header}:" assign_to="{name}"/>\n'.encode()
        for header, name in pairs.items()
    )


def _send(text: bytes, *, attributes: bytes = b"") -> bytes:
    return b"<send" + attributes + b">\n<![CDATA[\n" + text + b"\n]]>\n</send>\n"


def _scenario(name: str, *parts: bytes) -> bytes:
    head = b'<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="' + name.encode() + b'">\n'
    return head + b"".join(parts) + b"</scenario>\n"


def _play(sound: Path) -> bytes:
    return f'<exec rtp_stream="{sound},-1,8"/>\n'.encode()


_ANSWERED: Final = (
    b"SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n"
    b"Contact: <sip:[local_ip]:[local_port]>\n"
)
_DONE: Final = _ANSWERED + b"Content-Length: 0\n"
_OK: Final = _send(_DONE)


@dataclass(frozen=True)
class _Dialog:
    """From, To and target of the requests that one side sends in an answered call."""

    own: bytes
    peer: bytes
    target: bytes

    def request(self, method: bytes, rest: bytes = b"Content-Length: 0\n") -> bytes:
        """One request; SIPp counts `[cseq]` up with every one but ACK."""
        return (
            method + b" " + self.target + b" SIP/2.0\n"
            b"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]x[cseq]\n"
            b"From:" + self.own + b"\nTo:" + self.peer + b"\nCall-ID: [call_id]\n"
            b"CSeq: [cseq] " + method + b"\nMax-Forwards: 70\n"
            b"Contact: <sip:[local_ip]:[local_port]>\n" + rest
        )  # fmt: skip


def _with_sdp(direction: bytes = b"sendrecv") -> bytes:
    return b"Content-Type: application/sdp\nContent-Length: [len]\n\n" + _SDP + b"a=" + direction + b"\n"


def _with_position(position: str) -> bytes:
    """Two parts: the offer, and the PIDF-LO document that the Geolocation header names."""
    document = f"""<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
 xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0"
 xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" entity="pres:caller@carrier.test">
<dm:device id="telephone"><gp:geopriv>{position}</gp:geopriv>
<dm:timestamp>2026-03-14T02:00:00Z</dm:timestamp></dm:device>
</presence>
"""
    parts = (
        b"Content-Type: application/sdp\n\n" + _SDP + b"a=sendrecv\n",
        b"Content-Type: application/pidf+xml\nContent-ID: <position@carrier.test>\n\n" + document.encode(),
    )
    body = b"".join(b"--part\n" + part for part in parts) + b"--part--\n"
    headers = b"Geolocation: <cid:position@carrier.test>\nGeolocation-Routing: no\n"
    return headers + b"Content-Type: multipart/mixed;boundary=part\nContent-Length: [len]\n\n" + body


def _talk(dialog: _Dialog, hang_up_ms: int | None) -> bytes:
    """The answered call, until BYE from either side; `hang_up_ms` after its last event we say it ourselves (None: when
    told). It ends at the label "end"."""
    timer = b"" if hang_up_ms is None else b' timeout="%d" ontimeout="hangup"' % max(1, hang_up_ms)
    # SIPp takes no message while it stands at a <nop>: the way back is an attribute of the last step.
    again = b' next="talk"'
    offer = b'<recv response="100" optional="true"/>\n<recv response="200"/>\n'
    offer += _send(dialog.request(b"ACK"), attributes=again)
    return b"".join(
        (
            b'<label id="talk"/>\n',
            b'<recv request="HANGUP" optional="true" next="hangup"' + timer + b"/>\n",
            b'<recv request="HOLD" optional="true" next="hold"' + timer + b"/>\n",
            b'<recv request="RESUME" optional="true" next="resume"' + timer + b"/>\n",
            b'<recv request="TRANSFER" optional="true" next="transfer"' + timer + b"><action>\n"
            + _keep({"Refer-To": "refer"}) + b"</action></recv>\n",
            b'<recv request="PRESS" optional="true" next="press"' + timer + b"><action>\n"
            + _keep({"X-Key": "key"}) + b"</action></recv>\n",
            b'<recv request="NOTIFY" optional="true" next="noted"' + timer + b"/>\n",
            b'<recv request="INVITE" optional="true" next="offered"' + timer + b"/>\n",
            b'<recv request="BYE" next="bye"' + timer + b"/>\n",
            b'<label id="hold"/>\n' + _send(dialog.request(b"INVITE", _with_sdp(b"sendonly"))) + offer,
            b'<label id="resume"/>\n' + _send(dialog.request(b"INVITE", _with_sdp())) + offer,
            b'<label id="transfer"/>\n',
            _send(dialog.request(b"REFER", b"Refer-To:[$refer]\nContent-Length: 0\n")),
            b'<recv response="202" next="talk"/>\n',
            b'<label id="press"/>\n',
            _send(dialog.request(b"INFO", b"Content-Type: application/dtmf-relay\nContent-Length: [len]\n\n"
                  b"Signal=[$key]\nDuration=160\n")),
            b'<recv response="200" next="talk"/>\n',
            b'<label id="noted"/>\n' + _send(_DONE, attributes=again),
            b'<label id="offered"/>\n' + _send(_ANSWERED + _with_sdp()) + b'<recv request="ACK" next="talk"/>\n',
            b'<label id="hangup"/>\n',
            _send(dialog.request(b"BYE"), attributes=b' retrans="500"'),
            b'<recv response="200" next="end"/>\n',
            b'<label id="bye"/>\n' + _send(_DONE, attributes=b' next="end"'),
        )
    )  # fmt: skip


_QUALIFIED: Final = b'<label id="qualified"/>\n' + _OK + b'<label id="end"/>\n'
"""The end of who is called: 200 for an OPTIONS that asks whether the phone is there."""


def call(
    caller: Caller,
    dialled: str,
    *,
    sound: Path | None,
    hang_up_ms: int | None = None,
    cancel: bool = False,
    password: str | None = None,
) -> bytes:
    """One call to `dialled`. It ends with CANCEL right behind the 100 (`cancel`), with BYE `hang_up_ms` after the
    200 (0: right behind the ACK), or as `_talk` says. `sound`: raw A-law, played over and over; None: no RTP at all.
    `password`: of a desk's phone, which is asked for it (401)."""
    sender, extra = _identity(caller, b"[local_ip]")
    from_line = b" " + sender + b";tag=[call_number]x[pid]"
    uri = b"sip:" + dialled.encode() + b"@[remote_ip]:[remote_port]"
    via = b"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch="

    def request(method: bytes, to: bytes, branch: bytes, rest: bytes) -> bytes:
        return (
            method + b" " + uri + b" SIP/2.0\n" + via + branch + b"\nFrom:" + from_line + b"\nTo:" + to
            + b"\nCall-ID: [call_id]\nCSeq: [cseq] " + method + b"\nMax-Forwards: 70\n" + rest
        )  # fmt: skip

    offer = _with_sdp() if caller.position is None else _with_position(caller.position)

    def invite(branch: bytes, more: bytes = b"") -> bytes:
        contact = b"Contact: <sip:carrier@[local_ip]:[local_port]>\n"
        return request(b"INVITE", b" <" + uri + b">", branch, contact + extra + more + offer)

    own = b"z9hG4bK-[pid]-[call_number]-1"
    refused = request(b"ACK", b"", own, REFUSED + b"Content-Length: 0\n").replace(b"\nTo:\n", b"\n[last_To:]\n")
    provisional = b"".join(b'<recv response="%d" optional="true"/>\n' % code for code in (100, 180, 181, 183))
    if cancel:
        return _scenario(
            "cancel",
            _send(invite(own)),
            b'<recv response="100"/>\n',
            _send(request(b"CANCEL", b" <" + uri + b">", own, b"Content-Length: 0\n").replace(b"[cseq]", b"1")),
            b'<label id="1"/>\n',
            provisional,
            b'<recv response="200" optional="true" next="1"/>\n',
            b'<recv response="487"/>\n',
            _send(refused.replace(b"[cseq]", b"1")),
        )
    challenged = b""
    if password is not None:
        challenged = _send(invite(own), attributes=b' retrans="500"')
        challenged += b'<recv response="100" optional="true"/>\n<recv response="401" auth="true"/>\n' + _send(refused)
    login = b"" if password is None else f"[authentication username={caller.number} password={password}]\n".encode()
    # The sound begins in the 200's own action: SIPp takes no message while it stands at a <nop>.
    taken = _keep({"To": "to"}) + (_play(sound) if sound else b"")
    ack = request(b"ACK", b"[$to]", b"[branch]", b"Content-Length: 0\n").replace(b"ACK " + uri, b"ACK [next_url]")
    return _scenario(
        "call",
        challenged,
        _send(invite(b"[branch]", login), attributes=b' retrans="500"'),
        provisional,
        b'<recv response="200" rrs="true"><action>' + taken + b"</action></recv>\n",
        _send(ack),
        b'<nop next="hangup"/>\n' if hang_up_ms == 0 else b"",
        _talk(_Dialog(from_line, b"[$to]", b"[next_url]"), hang_up_ms),
        b'<label id="end"/>\n',
    )


def answer(*, sound: Path, answer_ms: int | None, hang_up_ms: int | None, busy: bool = False) -> bytes:
    """Who is called: 180 at once; 200 after `answer_ms` (None: rings until CANCEL), BYE `hang_up_ms` after the ACK
    (None: waits for BYE). `busy`: 486 instead of all that. One process takes any number of calls."""
    invite = b'<recv request="OPTIONS" optional="true" next="qualified"/>\n'
    invite += b'<recv request="INVITE"><action>' + _keep(
        {"Via": "via", "From": "from", "To": "to", "CSeq": "cseq", "Contact": "contact"}
    )
    invite += b'<ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" assign_to="target"/></action></recv>\n'
    kept = b"Via:[$via]\nFrom:[$from]\nTo:[$to];tag=[call_number]y[pid]\nCall-ID: [call_id]\nCSeq:[$cseq]\n"
    contact = b"Contact: <sip:[local_ip]:[local_port]>\n"
    dialog = _Dialog(b"[$to];tag=[call_number]y[pid]", b"[$from]", b"[$target]")
    if busy:
        refuse = _send(b"SIP/2.0 486 Busy Here\n" + kept + b"Content-Length: 0\n")
        return _scenario(
            "busy", invite, refuse, b'<recv request="ACK" next="end"/>\n', _QUALIFIED, _unused("contact", "target")
        )
    wait = b'<recv request="CANCEL" next="cancelled"/>\n'
    if answer_ms is not None:
        wait = b'<recv request="CANCEL" timeout="%d" ontimeout="take" next="cancelled"/>\n' % max(1, answer_ms)
    return _scenario(
        "answer",
        invite,
        _send(b"SIP/2.0 180 Ringing\n" + kept + contact + b"Content-Length: 0\n"),
        wait,
        b'<label id="take"/>\n',
        _send(b"SIP/2.0 200 OK\n" + kept + contact + _with_sdp(), attributes=b' retrans="500"'),
        b'<recv request="ACK"><action>' + _play(sound) + b"</action></recv>\n",
        _talk(dialog, hang_up_ms),
        b'<label id="cancelled"/>\n',
        _OK,
        _send(b"SIP/2.0 487 Request Terminated\n" + kept + b"Content-Length: 0\n"),
        b'<recv request="ACK" next="end"/>\n',
        _QUALIFIED,
        _unused("contact"),
    )


def _unused(*names: str) -> bytes:
    """SIPp refuses a scenario that sets a variable and never reads it."""
    return f'<Reference variables="{",".join(names)}"/>\n'.encode()
