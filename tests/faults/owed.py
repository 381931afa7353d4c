"""What is owed to agencies, read out of the outbox and compared with what their receivers got.

I1: every envelope is delivered, and that stands once: one attempt with a 2xx, one audit row. I2: one webhook-id for it.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.acceptance.product import Product
from tests.acceptance.receiver import Receiver
from tests.faults.ledgers import asked, audit_rows

TREE = {"source": "walk-in", "kind": "lain", "priority": "P3", "narrative": "Pohon tumbang"}
LEASE_S = 30


def enrol(product: Product, agencies: dict[str, Receiver], network: str = "127.0.0.0/8") -> None:
    """Register agencies, and tell each receiver its secret."""
    for code, receiver in agencies.items():
        options = ("--name", code, "--url", receiver.url, "--allow-cidr", network)
        receiver.secret = product.command("agency", "add", code, *options).partition("secret: ")[2].split()[0]


def sent(product: Product, agencies: Sequence[str]) -> list[str]:
    """Send one new report to these agencies, and return its dispatches. Raises AssertionError, TransportError."""
    report = product.post("/reports", TREE)
    dispatched = product.post(f"/reports/{report['number']}/dispatches", {"agencies": list(agencies)})
    return [one["id"] for one in dispatched["dispatches"]]


def pending(database_url: str, *, unclaimed: bool = False) -> int:
    """Return how many envelopes are owed; of those perhaps only the ones that no worker, dead or alive, has claimed."""
    only = " AND claim_id IS NULL" if unclaimed else ""
    return int(asked(database_url, f"SELECT count(*) FROM envelopes WHERE state = 'pending'{only}")[0][0])  # noqa: S608


@dataclass(frozen=True)
class Outbox:
    """What stands in the outbox when all is over, and what the receivers got."""

    envelopes: dict[str, tuple[str, str, int]]  # dispatch, state and tries by the webhook-id
    saved: Counter[str]  # attempts that were logged, by webhook-id
    taken: Counter[str]  # those with a 2xx
    audited: Counter[str]  # `dispatch.delivered`, by dispatch
    received: Counter[str]  # requests at the receivers, by webhook-id
    ids_of: dict[str, set[str]]  # webhook-ids at the receivers, by dispatch

    @property
    def cut_off(self) -> int:
        """Tries that were begun and of which nothing is known."""
        return sum(tries for _, _, tries in self.envelopes.values()) - self.saved.total()

    @property
    def again(self) -> int:
        """Requests that a receiver had had before."""
        return self.received.total() - len(self.received)

    def kept(self, promised: Sequence[str]) -> str:
        """Return the words for docs/proof.md. Fails when anything was lost or stands twice."""
        of_dispatch = Counter(dispatch for dispatch, _, _ in self.envelopes.values())
        lost = [one for one in promised if one not in of_dispatch]
        lost += [one for one, (_, state, _) in self.envelopes.items() if state != "delivered"]
        lost += [one for one in self.envelopes if one not in self.received]
        twice = [one for one in self.envelopes if self.taken[one] != 1]
        twice += [dispatch for dispatch, count in of_dispatch.items() if count != 1 or self.audited[dispatch] != 1]
        strange = [dispatch for dispatch, used in self.ids_of.items() if len(used) != 1]
        strange += [one for one in self.received if one not in self.envelopes]
        assert (lost, twice, strange) == ([], [], []), "lost, recorded twice, with another webhook-id"
        return f"{len(self.envelopes)} envelopes, lost 0, recorded twice 0, one webhook-id each"


def outbox(database_url: str, receivers: Sequence[Receiver]) -> Outbox:
    """Read it all."""
    rows = asked(database_url, "SELECT id, dispatch_id, state, tries FROM envelopes")
    attempts: list[tuple[Any, ...]] = asked(database_url, "SELECT envelope_id, status FROM attempts")
    ids_of: dict[str, set[str]] = defaultdict(set)
    for receiver in receivers:
        assert receiver.refused == []
        for webhook_id, envelope in zip(receiver.ids, receiver.envelopes, strict=True):
            ids_of[envelope["data"]["dispatch"]["id"]].add(webhook_id)
    return Outbox(
        {str(one): (str(dispatch), str(state), int(tries)) for one, dispatch, state, tries in rows},
        Counter(str(one) for one, _ in attempts),
        Counter(str(one) for one, status in attempts if status is not None and 200 <= status < 300),
        Counter(subject for action, subject in audit_rows(database_url) if action == "dispatch.delivered"),
        Counter(one for receiver in receivers for one in receiver.ids),
        ids_of,
    )


def times(log: bytes, event: str) -> int:
    """Return how often something stands in the log of a process."""
    return log.count(f'"event": "{event}"'.encode())
