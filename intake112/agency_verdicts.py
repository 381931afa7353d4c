"""What an agency's replies to `routing.examination` mean, and how its engineer mends what is wrong. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from intake112.findings import Finding, ok, warning, wrong
from routing.examination import Question

SLOW_MS: Final = 2000
SLOW_CONNECTION_MS: Final = 1000
CERTIFICATE_DAYS: Final = 14
GUIDE: Final = "docs/agencies.md"
LOOK: Final = "look into its log at this minute, and mend it"

NO_REPLY: Final[Mapping[str, tuple[str, str]]] = {  # routing.delivery's codes: what they mean, what helps
    "dns": ("its host name has no address", "correct the name in the URL, or put it into DNS"),
    "dns_failed": ("the DNS servers of its name do not answer", "ask who serves that domain"),
    "forbidden_address": ("we do not dial its address", "give a public address, or add its network: --allow-cidr"),
    "refused": ("nobody listens at its address and port", "start the receiver; open the port in the firewall"),
    "no_route": ("no way leads to its address", "look at its network and firewall"),
    "connect_timeout": ("it does not take the connection within 3 s", "open the firewall for the centre's address"),
    "timeout": (
        "it took the letter and did not answer in time",
        "save the letter, answer 204 at once, work afterwards",
    ),
    "reset": ("it broke the connection off", f"{LOOK}; is it TLS at both ends?"),
    "disconnected": ("it hung up without an answer", LOOK),
    "protocol": ("what it says is no HTTP/1.1", "is the port of a web server in the URL?"),
    "tls_expired": ("its TLS certificate has expired", "renew it now, and let that happen by itself: certbot, Caddy"),
    "tls_wrong_host": ("its TLS certificate is for another name", "get one for the name in the URL"),
    "tls_untrusted": (
        "nobody known has signed its TLS certificate",
        "get one of a public authority (Let's Encrypt), and serve the whole chain; or have the centre believe your own "
        "authority: `intake112 agency ca CODE FILE`",
    ),
    "tls": ("TLS cannot be agreed", "it must speak TLS 1.2 or 1.3, and http must not be on the port of https"),
}
STATUSES: Final[Mapping[int, tuple[str, str]]] = {
    401: (
        "it refuses our good signature",
        "its secret is another (`intake112 agency rotate-secret` prints a new one), its clock is off, or it does not "
        f"check the bytes as they came: {GUIDE}, the worked example",
    ),
    404: ("there is nothing at this URL", "correct the path of the URL"),
    405: ("it takes no POST", "let it take POST at this URL"),
    413: ("the letter is too long for it", "let it take 32 kB"),
    415: ("it does not take this Content-Type", "let it take that, or give the agency another --format"),
}
MUST_TAKE: Final[Mapping[Question, tuple[str, str]]] = {  # that it takes it; what helps when it does not
    Question.AGAIN: (
        "taken; see that it stands there only once",
        "answer 2xx to a webhook-id that came already, and do nothing: else we knock for ever",
    ),
    Question.ROTATION: (
        "the one that fits is found",
        "try each signature of the header, they are separated by spaces: else every change of the secret stops you",
    ),
    Question.UNKNOWN: (
        "a type and a field of a later release are passed over",
        "answer 2xx to a type that it does not know, and pass over fields: else what follows waits behind it",
    ),
    Question.CANCELLED: ("taken; the test's dispatch is cancelled", "take dispatch.cancelled, and tell the crew"),
}
MUST_REFUSE: Final[Mapping[Question, str]] = {  # what it would mean that it takes it
    Question.UNSIGNED: "anybody may send it a dispatch",
    Question.MALFORMED: "anybody may send it a dispatch",
    Question.STRANGER: "anybody may send it a dispatch",
    Question.CHANGED: "anybody on the way may change a dispatch",
    Question.OLD: "who recorded a dispatch may send it again later",
}


class Reply(Protocol):
    """An outcome of `routing.delivery`; no status: no answer, and the code says why."""

    @property
    def status(self) -> int | None:
        """The HTTP status."""

    @property
    def code(self) -> str:
        """Its name."""

    @property
    def latency_ms(self) -> int:
        """How long it took."""


def taken(reply: Reply) -> bool:
    """Return whether the receiver says that it has the letter."""
    return reply.status is not None and 200 <= reply.status < 300


def judge(question: Question, reply: Reply) -> Finding:
    """Judge the reply to one letter."""
    check = question.value
    if question in MUST_REFUSE:
        return _refused(check, reply, MUST_REFUSE[question])
    if not taken(reply):
        found, mend = _not_taken(reply) if question is Question.GOOD else (_said(reply), MUST_TAKE[question][1])
        return wrong(check, found, mend)
    if reply.latency_ms > SLOW_MS:
        mend = "save the letter, answer 204 at once, work afterwards: after 10 s it counts as not delivered"
        return warning(check, f"{_said(reply)}, which is slow", mend)
    words = "taken" if question is Question.GOOD else MUST_TAKE[question][0]
    return ok(check, f"{words} ({_said(reply)})")


def body(answer: str | None, excerpt: str) -> Finding:
    """Judge the body of the 2xx: `answer` is what would be booked of it, `excerpt` how it begins."""
    check = "the body of its answer"
    if answer is not None:
        mend = "leave the body empty unless a person has accepted within these seconds; people answer at `answer_url`"
        return warning(check, f"it would be booked as {answer!r}, before a person can have seen it", mend)
    if '"answer"' in excerpt:
        mend = f"leave the body empty, or answer as in {GUIDE}: accepted, rejected, en_route, on_scene or resolved"
        return warning(check, f"it has an `answer` that is none, and is passed over: {excerpt[:80]}", mend)
    return ok(check, "it holds no answer, so a person's is waited for")


def connection(address: str, ms: int | None, why: str) -> Finding:
    """Judge how fast one of its addresses takes a connection, TLS included."""
    check = f"the connection to {address}"
    if ms is None:
        return wrong(check, f"it does not come about: {why}", "let it listen there too, or take the address out of DNS")
    if ms > SLOW_CONNECTION_MS:
        return warning(check, f"{ms} ms", "it has 3 s: look at its line, and at what is before the receiver")
    return ok(check, f"{ms} ms")


def certificate(until: datetime, now: datetime) -> Finding:
    """Judge for how long its certificate is good."""
    check, days = "its certificate", (until - now).days
    found = f"good for {days} days, until {until:%Y-%m-%d}"
    if days < CERTIFICATE_DAYS:
        return warning(check, found, "renew it, and let that happen by itself: certbot, Caddy")
    return ok(check, found)


def address(found: Sequence[str], refusal: str) -> Finding:
    """Judge whom its host name leads to; `refusal` is why we do not dial, empty when we do."""
    check = "its address"
    if refusal:
        return wrong(check, refusal, NO_REPLY["forbidden_address"][1])
    if not found:
        return wrong(check, *NO_REPLY["dns"])
    return ok(check, ", ".join(found))


def not_asked() -> Finding:
    """Say that a receiver which takes nothing tells nothing by what it refuses."""
    return warning("the rest", "not asked: it must take a good letter first", "mend the line above, then ask again")


def _refused(check: str, reply: Reply, meaning: str) -> Finding:
    if taken(reply):
        mend = f"check the signature before anything else, and answer 401: {GUIDE}, step by step"
        return wrong(check, f"TAKEN ({_said(reply)}): {meaning}", mend)
    if reply.status is not None and 400 <= reply.status < 500:
        return ok(check, f"refused ({_said(reply)})")
    return warning(check, f"it falls over: {_said(reply)}", "catch what is thrown there, and answer 401")


def _not_taken(reply: Reply) -> tuple[str, str]:
    """Say why a good letter was not taken, and what helps."""
    if reply.status is None:
        return NO_REPLY.get(reply.code, (_said(reply), LOOK))
    if 300 <= reply.status < 400:
        return f"it redirects ({reply.status}), and we do not follow", "give the centre the URL where the receiver is"
    found, mend = STATUSES.get(401 if reply.status == 403 else reply.status, ("it does not take it", LOOK))
    return f"{found} ({_said(reply)})", mend


def _said(reply: Reply) -> str:
    return f"{reply.status if reply.status is not None else reply.code} after {reply.latency_ms} ms"
