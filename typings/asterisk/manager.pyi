"""pyst2 0.5.1, as far as bench.peers needs it: nobody else is to import this."""

import queue
import threading
from io import BufferedIOBase, RawIOBase
from socket import SocketIO

class ManagerMsg:
    def __init__(self, response: list[str]) -> None: ...
    def has_header(self, hname: str) -> bool: ...

class Manager:
    _sock: SocketIO | BufferedIOBase | RawIOBase
    _connected: threading.Event
    _running: threading.Event
    _message_queue: queue.Queue[list[str] | None]
    def _receive_data(self) -> None: ...
