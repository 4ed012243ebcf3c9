"""A case's states: each found is managed, each cured is closed (XB-41). Pure."""

from __future__ import annotations

from typing import Final, Literal

CaseState = Literal["found", "managed", "closed", "withdrawn"]
CaseStep = Literal["manage", "close", "withdraw"]

OPEN: Final[frozenset[CaseState]] = frozenset({"found", "managed"})
_STEPS: Final[dict[tuple[CaseState, CaseStep], CaseState]] = {
    ("found", "manage"): "managed",
    # Only a managed case can be cured, and only a cured one is closed.
    ("managed", "close"): "closed",
    ("found", "withdraw"): "withdrawn",
    ("managed", "withdraw"): "withdrawn",
}


class CaseStepNotAllowed(ValueError):
    """The case is in a state from which this step does not lead anywhere."""


def after(state: CaseState, step: CaseStep) -> CaseState:
    """The state to which a step leads.

    Raises:
        CaseStepNotAllowed: there is no such step.
    """
    found = _STEPS.get((state, step))
    if found is None:
        raise CaseStepNotAllowed(f"{step} is not possible from {state}")
    return found


def possible(state: CaseState) -> tuple[CaseStep, ...]:
    """The steps that are possible from a state, in alphabetical order."""
    return tuple(sorted(step for at, step in _STEPS if at == state))
