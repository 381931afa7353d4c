"""What the composition root makes of the settings."""

import socket
from pathlib import Path

from intake112 import compose
from intake112.settings import Settings
from tests.postgres import free_port


def test_answers_do_not_wait_for_the_clients_acknowledgement(tmp_path: Path) -> None:
    """Without TCP_NODELAY on what we accept, every answer of two writes takes 40 ms."""
    found = Settings(state_dir=tmp_path, http_port=free_port())
    with compose.listen(found) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
