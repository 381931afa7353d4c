"""The least that a page with live data can do: a server that sends a line, a page that appends it."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

PAGE: Final = b"""<!doctype html><meta charset="utf-8"><title>bare</title>
<link rel="icon" href="data:,"><ol></ol><script>
new EventSource("/live").onmessage = (event) => {
  const line = document.createElement("li");
  line.textContent = event.data;
  document.querySelector("ol").append(line);
};
</script>"""


class BarePage:
    """`url` of the page; `heard` is set once it listens; `say` sends it a line."""

    def __init__(self) -> None:
        self.url = ""
        self.heard = threading.Event()
        self._lines: queue.Queue[str | None] = queue.Queue()

    def say(self, line: str) -> None:
        """Send a line."""
        self._lines.put(line)

    def end(self) -> None:
        """Send nothing more."""
        self._lines.put(None)

    def lines(self) -> Iterator[str]:
        """Yield what is to be sent, until the end."""
        self.heard.set()
        while (line := self._lines.get()) is not None:
            yield line


@contextmanager
def bare_page() -> Iterator[BarePage]:
    """Serve one on loopback."""
    it = BarePage()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path in ("/", "/live") else 404)
            self.send_header("Content-Type", "text/event-stream" if self.path == "/live" else "text/html")
            self.end_headers()
            if self.path == "/":
                self.wfile.write(PAGE)
            elif self.path == "/live":
                for line in it.lines():
                    self.wfile.write(f"data: {line}\n\n".encode())
                    self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield it
    finally:
        it.end()
        server.shutdown()
        thread.join()
        server.server_close()
