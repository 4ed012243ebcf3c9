"""What changes for whom when a settled bill is settled anew.

A revision is an exact reversal and a new settlement at once. Its voucher states for every payer and
for the patient what he bore before, what he bears now, and the difference; the differences sum to
the difference of the two bills' totals, which is nothing unless the charges were corrected too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

PATIENT: Final = "patient"


@dataclass(frozen=True, slots=True)
class Part:
    """One party's share before and after, in fen."""

    party: str
    before_fen: int
    after_fen: int

    @property
    def difference_fen(self) -> int:
        """Positive: bears more than before."""
        return self.after_fen - self.before_fen


@dataclass(frozen=True, slots=True)
class Shares:
    """How a bill is split; payers in the order in which they paid."""

    total: int
    payers: Sequence[tuple[str, int]]
    patient_pays: int


class DifferencesDoNotAddUp(AssertionError):
    """The parts of a voucher differ from the two bills' totals: a fault of the program."""


def differences(before: Shares, after: Shares) -> tuple[Part, ...]:
    """Every party of either settlement, payers first, the patient last.

    Raises:
        DifferencesDoNotAddUp: a share was lost on the way.
    """
    was, now = dict(before.payers), dict(after.payers)
    parts = [
        Part(payer, was.get(payer, 0), now.get(payer, 0)) for payer in dict.fromkeys([*now, *was])
    ]
    parts.append(Part(PATIENT, before.patient_pays, after.patient_pays))
    if sum(part.difference_fen for part in parts) != after.total - before.total:
        raise DifferencesDoNotAddUp("the differences of a voucher must sum to that of the totals")
    return tuple(parts)


def to_patient(parts: Sequence[Part]) -> int:
    """What is returned to the patient (fen); negative when he has to pay more."""
    return -sum(part.difference_fen for part in parts if part.party == PATIENT)
