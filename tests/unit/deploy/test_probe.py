"""A container's health check tells ready from not ready, and never hangs."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from shared.runtime import probe


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/claims/readyz" else 503)
        self.end_headers()
        self.wfile.write(b'{"status":"not_ready","checks":{"outbox":{"ok":false}}}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), _Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_ready_is_zero(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Goal: a ready service is healthy. Method: a server that answers 200 at that service alone."""
    monkeypatch.setenv("YIZHAN_PORT", str(port))
    assert probe.main(["serve", "claims"]) == 0


def test_not_ready_is_one_and_says_why(
    port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Goal: the operator reads the reason in the engine. Method: 503 from serve and from worker."""
    monkeypatch.setenv("YIZHAN_PORT", str(port))
    monkeypatch.setattr(probe, "WORKER_PORT", port)
    assert probe.main(["serve", "identity"]) == 1
    assert probe.main(["worker"]) == 1
    assert capsys.readouterr().out.count('"outbox":{"ok":false}') == 2


def test_nobody_there_and_a_silent_one_are_not_ready() -> None:
    """Goal: a hanging process is unhealthy. Method: a closed port, and one that never answers."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        assert probe.ask(port, "/readyz")[0] is False
        silent.listen()
        assert probe.ask(port, "/readyz", timeout_s=0.2) == (
            False,
            f"no answer on port {port} (TimeoutError)",
        )


@pytest.mark.parametrize(
    "arguments", [[], ["serve"], ["serve", "../x"], ["other"], ["worker", "x"]]
)
def test_a_wrong_call_is_told(arguments: list[str]) -> None:
    """Goal: a misspelt check is seen as such. Method: wrong arguments end with 2, not with 0."""
    assert probe.main(arguments) == 2
