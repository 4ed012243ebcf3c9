"""A container's health check: asks the process's own readiness address.

``python -m shared.runtime.probe serve`` or ``… worker``; ends with 0 when ready.
"""

from __future__ import annotations

import http.client
import os
import sys

WORKER_PORT = 8001


def ready(port: int, path: str, timeout_s: float = 4.0) -> bool:
    """Whether ``GET path`` on this machine answers 200 in time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def main() -> int:
    kind = sys.argv[1] if len(sys.argv) > 1 else "serve"
    if kind == "worker":
        return 0 if ready(WORKER_PORT, "/readyz") else 1
    port = int(os.environ.get("YIZHAN_PORT", "8000"))
    return 0 if ready(port, "/readyz") else 1


if __name__ == "__main__":
    sys.exit(main())
