"""Processes of the product by fork from one that has imported it: a start without two idle seconds.

Everything but the imports is as at a start from the shell: a process and a session of its own,
its own environment and output, nothing shared with its siblings; ``kill -9`` ends it, and all that
it knew. Only where a test starts many; the tests of the start itself use the command line.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]


class Forked:
    """A forked process, with what tests need of ``subprocess.Popen``."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.pid = int(_ask({"environment": dict(environment), "log": str(log)}))
        self.returncode: int | None = None
        self._ended = os.pidfd_open(self.pid)  # its parent has not reaped it: the number is its own

    def poll(self) -> int | None:
        """The exit status as Popen gives it; None while the process lives."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(timeout=0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            os.close(self._ended)
            self.returncode = int(_ask({"reap": self.pid}))
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._ended, number)


@functools.cache
def _parent() -> subprocess.Popen[str]:
    """The process that forks: one per test worker, from its first need to its end."""
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.support.preloaded"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    atexit.register(parent.communicate)  # the end of its input is the end of it
    return parent


def _ask(order: dict[str, Any]) -> str:
    parent = _parent()
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write(json.dumps(order) + "\n")
    parent.stdin.flush()
    answer = parent.stdout.readline()
    if not answer:
        raise RuntimeError(f"the forking process ended with {parent.wait(10)}")
    return answer


# --- the forking process ------------------------------------------------------------------------


def serve() -> None:
    """Fork and reap as told on standard input, until it ends; then kill who is left."""
    importlib.import_module("deploy.cli.main")
    importlib.import_module("deploy.cli.run")
    _look_at_every_route()
    _read_the_usual_packs()
    children: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if "reap" in order:
            _, status = os.waitpid(order["reap"], 0)
            children.discard(order["reap"])
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                _become(order["environment"], order["log"])
            children.add(answer)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _look_at_every_route() -> None:
    """What FastAPI makes at a route's first request: here once, instead of in every child."""
    from shared.runtime.asgi import routes_of
    from tests.support.product import MODULES

    for module in MODULES:
        for route in routes_of(module):
            route.matches({"type": "http", "method": "GET", "path": "/v1/none", "root_path": ""})


def _read_the_usual_packs() -> None:
    """What a start reads of them is parsed once here, and known to every child."""
    from services.claims.settlement.packs import load_pack

    load_pack("jinkouhe-2016")


def _become(environment: dict[str, str], log: str) -> None:
    """In the child: be what ``yizhan run`` is, and never come back."""
    status = 1
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ.clear()
        os.environ.update(environment)
        from deploy.cli.main import app
        from shared.runtime import crashpoints

        importlib.reload(crashpoints)  # the one module that reads the environment when imported
        app(args=["run"], standalone_mode=False)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - shown in the log, as the interpreter itself would
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    serve()
