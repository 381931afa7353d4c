"""pyst2 0.5.1, as far as ami_bridge.overflow needs it."""

from typing import TextIO

class AGIException(Exception): ...

class AGI:
    stdin: TextIO
    stdout: TextIO
    stderr: object
    env: dict[str, str]
    _got_sighup: bool
    def __init__(self) -> None: ...
    def _get_agi_env(self) -> None: ...
    def answer(self) -> None: ...
    def stream_file(self, filename: str, escape_digits: str = ..., sample_offset: int = ...) -> str: ...
    def wait_for_digit(self, timeout: int = ...) -> str: ...
    def record_file(
        self,
        filename: str,
        format: str = ...,  # noqa: A002  # pyst2's own name
        escape_digits: str = ...,
        timeout: int = ...,
        offset: int = ...,
        beep: str = ...,
        silence: int = ...,
    ) -> str: ...
    def appexec(self, application: str, options: str = ...) -> str: ...
