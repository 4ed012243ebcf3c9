"""A container's health check: asks the process's own readiness address.

``python -m shared.runtime.probe serve <service>`` or ``… worker``; ends with 0 when ready, and
otherwise with 1 after printing the answer, which a container engine keeps for the operator.
"""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Sequence

WORKER_PORT = 8001
_TIMEOUT_S = 4.0
_MAX_ANSWER_BYTES = 2_000
_SERVE_ARGUMENTS = 2


def ask(port: int, path: str, timeout_s: float = _TIMEOUT_S) -> tuple[bool, str]:
    """Whether ``GET path`` on this machine answers 200 in time, and what was answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read(_MAX_ANSWER_BYTES).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return False, f"no answer on port {port} ({type(error).__name__})"
    finally:
        connection.close()
    return answer.status == http.client.OK, f"{answer.status} {body}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the check that the arguments name."""
    given = sys.argv[1:] if arguments is None else arguments
    if list(given) == ["worker"]:
        port, path = WORKER_PORT, "/readyz"
    elif len(given) == _SERVE_ARGUMENTS and given[0] == "serve" and given[1].isidentifier():
        port, path = int(os.environ.get("YIZHAN_PORT", "8000")), f"/{given[1]}/readyz"
    else:
        print("usage: python -m shared.runtime.probe {serve <service> | worker}", file=sys.stderr)  # noqa: T201
        return 2
    ready, said = ask(port, path)
    if not ready:
        print(said)  # noqa: T201
    return 0 if ready else 1


if __name__ == "__main__":
    sys.exit(main())
