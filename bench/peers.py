"""What other libraries need to merely parse the bytes of an AMI session, each by its own way of receiving them."""

import logging
import multiprocessing
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from asterisk.ami import AMIClient, Event
from asterisk.manager import Manager, ManagerMsg  # noqa: TID251  # the peer's own, not for us
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

BANNER = b"Asterisk Call Manager/11.0.0\r\n"


@contextmanager
def sent(data: bytes) -> Iterator[socket.socket]:
    """Give a socket on which another process sends the greeting and the data, and then ends."""
    near, far = socket.socketpair()

    def send() -> None:
        near.close()
        far.sendall(BANNER + data)
        far.close()

    sender = multiprocessing.get_context("fork").Process(target=send, daemon=True)
    sender.start()
    far.close()
    with near:
        yield near
    sender.join()


def naive(data: bytes) -> int:
    """Split, and put each frame into a dictionary: nobody can do less and know the headers."""
    count = 0
    for one in data.decode().split("\r\n\r\n"):
        count += bool(dict(line.partition(": ")[::2] for line in one.split("\r\n")))
    return count - 1


class _Counting(AMIClient):
    count = 0

    def _fire_on_event(self, event: Event) -> None:
        self.count += 1


def asterisk_ami(data: bytes) -> int:
    """Let asterisk-ami listen."""
    with sent(data) as wire:
        client = _Counting(timeout=10)
        client._socket, client.finished = wire, threading.Event()
        client.listen()
        return client.count


class _Factory:
    count = 0

    def dispatch(self, event: Message) -> None:
        self.count += 1


def panoramisk(data: bytes) -> int:
    """Let panoramisk's protocol receive."""
    logging.getLogger("panoramisk").setLevel(logging.ERROR)
    factory, protocol = _Factory(), AMIProtocol()
    protocol.connection_made(None)
    protocol.factory = factory
    with sent(data) as wire:
        while piece := wire.recv(256 * 1024):
            protocol.data_received(piece)
    return factory.count


class _Manager(Manager):
    def __del__(self) -> None:
        """Wait for no thread: none was started."""


def pyst2(data: bytes) -> int:
    """Let pyst2's manager receive, and parse its messages."""
    with sent(data) as wire, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # isSet()
        manager = _Manager()
        manager._sock = wire.makefile(mode="rwb", buffering=0)
        manager._connected.set()
        manager._running.set()
        manager._receive_data()
        count = 0
        while lines := manager._message_queue.get():
            count += ManagerMsg(lines).has_header("Event")
        return count


def per_second(work: Callable[[bytes], int], data: bytes) -> float:
    """Return events a second by this process' own time."""
    before = time.process_time()
    count = work(data)
    return count / (time.process_time() - before)
