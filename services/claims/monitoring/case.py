"""The case file of a flag: opened, explained by the hospital, upheld by two, or dismissed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Status = Literal["open", "explained", "uphold_proposed", "upheld", "dismissed"]
StepName = Literal["explain", "propose", "uphold", "dismiss", "hold", "release"]

_NEXT: Final[Mapping[tuple[str, str], Status]] = {
    ("open", "explain"): "explained",
    ("explained", "explain"): "explained",
    ("uphold_proposed", "explain"): "explained",
    ("open", "uphold"): "uphold_proposed",
    ("explained", "uphold"): "uphold_proposed",
    ("uphold_proposed", "uphold"): "upheld",
    ("open", "dismiss"): "dismissed",
    ("explained", "dismiss"): "dismissed",
    ("uphold_proposed", "dismiss"): "dismissed",
    ("open", "hold"): "open",
    ("explained", "hold"): "explained",
    ("uphold_proposed", "hold"): "uphold_proposed",
    ("open", "release"): "open",
    ("explained", "release"): "explained",
    ("uphold_proposed", "release"): "uphold_proposed",
    ("upheld", "release"): "upheld",
}


class StepNotAllowed(ValueError):
    """The flag's state does not allow the step."""


class SamePersonTwice(ValueError):
    """Who proposed to uphold a flag may not uphold it."""


def after(status: str, step: str, actor: str, proposed_by: str | None) -> tuple[Status, StepName]:
    """The state after a step, and the step as it is noted: the first uphold only proposes.

    Args:
        status: of the flag.
        step: explain, uphold, dismiss, hold or release.
        actor: who takes it.
        proposed_by: who took the last proposal, while it stands.

    Raises:
        StepNotAllowed, SamePersonTwice.
    """
    found = _NEXT.get((status, step))
    if found is None:
        raise StepNotAllowed(f"a flag that is {status} cannot take the step {step}")
    if found == "upheld" and step == "uphold" and actor == proposed_by:
        raise SamePersonTwice("somebody else must uphold what this person proposed")
    noted: StepName = "propose" if found == "uphold_proposed" and step == "uphold" else step  # type: ignore[assignment]
    return found, noted
