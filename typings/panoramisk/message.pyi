"""panoramisk 1.4, as far as bench.ingest needs it."""

class Message:
    @classmethod
    def from_line(cls, line: str) -> Message | None: ...
