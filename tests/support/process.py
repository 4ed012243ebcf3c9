"""The product as its users start it: a process of its own, spoken to over real sockets."""

from __future__ import annotations

import fcntl
import functools
import itertools
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.support.preloaded import REPOSITORY, Forked

T = TypeVar("T")

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that speak plain HTTP to this machine: reading the usual certificates takes 40 ms."""
SERVICES = ("identity", "claims", "contracts", "reporting")


_PORTS_EACH = 1_000


@functools.cache
def _ports() -> Iterator[int]:
    """A thousand ports that no other test process of this machine gives out while this one lives."""
    for first in range(20_000, 32_000, _PORTS_EACH):
        name = f"yizhan-test-ports-{os.geteuid()}-{first}"
        lock = os.open(Path(tempfile.gettempdir(), name), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        # Never closed: the lock is held until this process ends.
        return itertools.cycle(range(first, first + _PORTS_EACH))
    raise AssertionError("twelve test processes of this account give out ports already")


def free_port() -> int:
    """A TCP port that was free a moment ago, and that stays this worker's while its product is down.

    Below the range from which the kernel gives ports to whoever asks for none: a product that a
    test kills and starts again would now and then find its own port taken by a connection.
    """
    for port in itertools.islice(_ports(), _PORTS_EACH):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port of this worker is free")


def eventually(look: Callable[[], T | None], *, within_s: float = 20.0, what: str = "") -> T:
    """Look again until the answer is not None, False or empty; fail after ``within_s`` seconds."""
    deadline = time.monotonic() + within_s
    while True:
        found = look()
        if found is not None and found is not False and found != []:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what or look}")
        time.sleep(0.05)


class Yizhan:
    """One running ``yizhan run`` with its own data folder and port.

    Args:
        preloaded: fork it from a process that has imported the product, instead of by its command.
    """

    def __init__(
        self,
        data_dir: Path,
        environment: Mapping[str, str] | None = None,
        *,
        preloaded: bool = False,
    ) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("YIZHAN_")},
            "YIZHAN_DATA_DIR": str(data_dir),
            "YIZHAN_PORT": str(self.port),
            "DEMO": "0",
            "PYTHONPATH": str(REPOSITORY),
            **(environment or {}),
        }
        self.preloaded = preloaded
        self.process: subprocess.Popen[bytes] | Forked | None = None
        self.log_path = data_dir.parent / f"{data_dir.name}.log"
        self._tokens: dict[str, str] = {}

    def start(self, extra: Mapping[str, str] | None = None, *, wait: bool = True) -> None:
        """Start the process; with ``wait``, until every service says that it is ready."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        environment = {**self.environment, **(extra or {})}
        if self.preloaded:
            self.process = Forked(environment, self.log_path)
        else:
            self.process = self._command(environment)
        if wait:
            self.wait_ready()

    def _command(self, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "deploy.cli.main", "run"],
                env=environment,
                cwd=REPOSITORY,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def wait_ready(self, within_s: float = 90.0) -> None:
        eventually(self._ready_or_dead, within_s=within_s, what=f"ready: {self.log_tail()}")

    def _ready_or_dead(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the process ended: {self.log_tail()}")
        try:
            return all(
                self.request("GET", f"/{name}/readyz", timeout=2).status_code == httpx.codes.OK
                for name in SERVICES
            )
        except httpx.HTTPError:
            return False

    def log_tail(self) -> str:
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-40:])

    def died(self, within_s: float) -> bool:
        """Whether the process is dead, or dies soon: its sockets close a moment before it ends."""
        assert self.process is not None
        try:
            self.process.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """``kill -9``: no handler of ours runs."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)

    def stop(self) -> int:
        """Ctrl-C, as at a terminal."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=60)

    # --- talking to it ---

    def clients(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data_dir / "clients.json").read_text())
        return found

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request on a connection of its own: none outlives a kill of the process."""
        with httpx.Client(base_url=self.base_url, verify=NO_TLS) as http:
            return http.request(method, path, **options)

    def token(self, client_id: str) -> str:
        """A token by client credentials, as any API client gets it."""
        if client_id not in self._tokens:
            answer = self.request(
                "POST",
                "/oauth/token",
                data={
                    "grant_type": "client_credentials",
                    "client_id": client_id,
                    "client_secret": self.clients()[client_id]["secret"],
                },
                timeout=20,
            )
            assert answer.status_code == httpx.codes.OK, answer.text
            self._tokens[client_id] = answer.json()["access_token"]
        return self._tokens[client_id]

    def call(
        self, method: str, path: str, *, client: str = "hospital", key: str = "", **options: Any
    ) -> httpx.Response:
        """One API call as ``client``, with an Idempotency-Key if ``key`` is given."""
        headers = {"Authorization": f"Bearer {self.token(client)}", **options.pop("headers", {})}
        if key:
            headers["Idempotency-Key"] = key
        return self.request(method, path, headers=headers, timeout=30, **options)

    def get(self, path: str, *, client: str = "hospital", **options: Any) -> Any:
        """A GET that must succeed; gives the JSON."""
        answer = self.call("GET", path, client=client, **options)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()
