"""Webhook for tests: an HTTP server on the loopback with a set answer."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET_ANSWER = "the-answer-of-the-server"  # noqa: S105 - to be found nowhere


class Webhook:
    """Received messages and the answer; `status` 0 means never."""

    def __init__(self) -> None:
        """A healthy one, that has received nothing."""
        self.received: list[dict[str, Any]] = []
        self.status = 200
        self.seconds = 0.0
        self.location: str | None = None
        self.drips = False
        self.port = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.stopped = threading.Event()

    def address(self, rest: str = "") -> str:
        """Its Apprise address, with a path and parameters."""
        return f"json://127.0.0.1:{self.port}/{rest}"

    @property
    def ids(self) -> list[str]:
        """The ids of the messages received, in order and with repeats."""
        return [message["notification_id"] for message in self.received]

    def wait_for(self, count: int, timeout: float = 120) -> None:
        """Wait until it has received so many messages."""
        until(lambda: len(self.received) >= count, timeout)


def until(is_true: Callable[[], bool], timeout: float = 120) -> None:
    """Wait until something holds; fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Starts one, and stops it."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            hook.received.append(json.loads(content))
            time.sleep(hook.seconds)
            hook.may_answer.wait()
            if hook.drips:
                self.wfile.write(b"HTTP/1.0 200 OK\r\n")
                while not hook.stopped.wait(0.1):
                    self.wfile.write(b"X-Drip: 1\r\n")
            elif hook.status == 0:
                hook.stopped.wait()
            else:
                self.send_response(hook.status)
                if hook.location:
                    self.send_header("Location", hook.location)
                self.end_headers()
                self.wfile.write(SECRET_ANSWER.encode())

        def do_GET(self) -> None:  # where a redirect would lead
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # the client has given up
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hook
    finally:
        hook.stopped.set()
        hook.may_answer.set()
        server.shutdown()
        thread.join()
        server.server_close()
