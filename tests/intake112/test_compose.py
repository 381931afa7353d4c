"""What the composition root makes of the settings."""

import socket
from pathlib import Path

import pytest

from intake112 import compose, settings
from tests.postgres import free_port


def test_answers_do_not_wait_for_the_clients_acknowledgement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without TCP_NODELAY on what we accept, every answer of two writes takes 40 ms."""
    monkeypatch.setenv("INTAKE112_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("INTAKE112_HTTP_PORT", str(free_port()))
    found = settings.load()
    with compose.listen(found) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
