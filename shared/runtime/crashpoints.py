"""Named points of the main job and of clearing at which a test may kill the process.

``YIZHAN_CRASH_AT=relay.after_send`` makes the process die as by ``kill -9`` when it first gets
there; ``relay.after_send:3`` at the third time. Unset (always, in production) a point costs one
comparison.
"""

from __future__ import annotations

import os
import signal

POINTS = (
    "roster.mid_apply",
    "outbox.after_insert",
    "edge.after_commit",
    "relay.before_send",
    "relay.after_send",
    "relay.after_mark",
    "handler.before",
    "handler.before_commit",
    "handler.after_commit",
    "clearing.mid_create",
    "clearing.mid_step",
    "clearing.mid_pay",
)

_name, _, _count = os.environ.get("YIZHAN_CRASH_AT", "").partition(":")
_armed = _name
_remaining = int(_count or "1")


def reach(point: str) -> None:
    """Die here if the environment says so. The points are listed in :data:`POINTS`."""
    global _remaining  # noqa: PLW0603 - counts the visits of the one armed point
    if not _armed or point != _armed:
        return
    _remaining -= 1
    if _remaining == 0:
        os.kill(os.getpid(), signal.SIGKILL)
