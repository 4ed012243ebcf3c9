"""What may be done with a question about recorded visits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Status = Literal["open", "explained", "confirmed", "dismissed"]
StepName = Literal["explain", "confirm", "dismiss"]

_NEXT: Final[Mapping[tuple[str, str], Status]] = {
    ("open", "explain"): "explained",
    ("explained", "explain"): "explained",
    ("open", "confirm"): "confirmed",
    ("explained", "confirm"): "confirmed",
    ("open", "dismiss"): "dismissed",
    ("explained", "dismiss"): "dismissed",
}


def after(status: str, step: str) -> Status | None:
    """The state after a step; None when the state does not allow it.

    Nothing else follows from any of them: what a confirmed question means for anybody is decided
    outside of this product.
    """
    return _NEXT.get((status, step))
