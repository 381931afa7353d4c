"""pyst2 0.5.1, as far as bench.ingest needs it: nobody else is to import this."""

class ManagerMsg:
    headers: dict[str, str]
    def __init__(self, response: list[str]) -> None: ...
