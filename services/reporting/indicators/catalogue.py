"""The indicator catalogue: read from YAML once, checked whole, typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.reporting.figures.domain import (
    Band,
    BandsMalformed,
    Dataset,
    Direction,
    State,
    Target,
    check_bands,
    judge,
)
from shared.content import read_yaml

FILE = Path(__file__).with_name("catalogue.yaml")
_PARTS = 10**6
Text = Annotated[str, StringConstraints(min_length=1)]
Condition = Literal[
    "registered",
    "outpatient",
    "registered_inpatient",
    "registered_local_inpatient",
    "willing",
    "contracted",
    "chronic",
    "serious",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Unit = Literal["money", "count", "number", "per_100k"]
"""Of what a share is (money, things), a plain number, or a rate per 100,000."""


class Words(_Strict):
    """Chinese and English."""

    zh: Text
    en: Text


class Part(Words):
    """Numerator or denominator: its words, and the sum it is."""

    sum: Text = ""
    """Of a figure that is entered it follows from the code."""


class BandText(_Strict):
    """A state and its ends: ``from`` and ``to`` are inside, ``above`` and ``below`` are not."""

    state: State
    from_: Decimal | None = Field(default=None, alias="from")
    above: Decimal | None = None
    to: Decimal | None = None
    below: Decimal | None = None

    @model_validator(mode="after")
    def _one_end_each(self) -> BandText:
        if self.from_ is not None and self.above is not None:
            raise ValueError("give 'from' or 'above', not both")
        if self.to is not None and self.below is not None:
            raise ValueError("give 'to' or 'below', not both")
        return self

    def band(self) -> Band:
        return Band(
            state=self.state,
            lower=self.above if self.from_ is None else self.from_,
            lower_included=self.above is None,
            upper=self.below if self.to is None else self.to,
            upper_included=self.below is None,
        )


class TargetText(_Strict):
    """A target as a file writes it."""

    value: Decimal
    direction: Direction
    tolerance: Decimal = Decimal(0)
    valid_from: date | None = None
    valid_to: date | None = None

    def target(self, bands: tuple[BandText, ...]) -> Target:
        """The target with its bands, which hold every share once and the target itself as met.

        Raises:
            ValueError: they do not.
        """
        target = Target(
            self.value,
            self.direction,
            self.tolerance,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            own_bands=tuple(each.band() for each in bands),
        )
        try:
            check_bands(target.bands)
        except BandsMalformed as fault:
            raise ValueError(str(fault)) from None
        if judge(int(target.value * _PARTS), _PARTS, target) != "met":
            raise ValueError(f"the target {target.value} itself is not in the band 'met'")
        return target


class _Reference(TargetText):
    set_by: Words
    """Whose document it comes from; another county may go by it, or set its own."""


class _Entry(_Strict):
    name: Words
    numerator: Part
    denominator: Part
    exclusions: Words
    unit: Unit
    owner: Words | None = None
    """Of a figure that is entered: whose it is."""
    dataset: Dataset
    condition: Condition | None = None
    target: _Reference | None = None
    bands: tuple[BandText, ...] = ()
    """From the lowest share to the highest; each has a colour, a word and a shape of its own."""
    citation: Text
    assumed: Text | None = None
    """What no document says and was chosen here."""
    headline: bool = False

    @model_validator(mode="after")
    def _entered_or_told(self) -> _Entry:
        if (self.dataset == "entries") != (self.owner is not None):
            raise ValueError("a figure that is entered has an owner, and no other has")
        if (self.dataset == "entries") == bool(self.numerator.sum or self.denominator.sum):
            raise ValueError("a figure of rows names two sums, one that is entered none")
        return self

    @model_validator(mode="after")
    def _bands_hold_every_share_once(self) -> _Entry:
        if (self.target is None) != (not self.bands):
            raise ValueError("a target has bands, and nothing else has")
        self.reference()
        return self

    def reference(self) -> Aim | None:
        """The target that a document of the catalogue sets."""
        if self.target is None:
            return None
        return Aim(self.target.target(self.bands), self.target.set_by, self.citation, own=False)


@dataclass(frozen=True)
class Aim:
    """A target, and whose it is."""

    target: Target
    set_by: Words
    citation: str
    own: bool
    """Set by the county's own documents; else another county's, gone by until it sets its own."""


@dataclass(frozen=True)
class Indicator:
    """One indicator of the catalogue."""

    code: str
    entry: _Entry
    aims: tuple[Aim, ...] = ()
    """The targets by their time; a day on which none holds is shown and not judged."""

    def aim_on(self, day: date) -> Aim | None:
        """The target that holds on a day."""
        return next((aim for aim in self.aims if aim.target.holds_on(day)), None)

    @property
    def numerator(self) -> str:
        """The name of the sum that is the numerator."""
        return f"{self.code}_entered" if self.is_entered else self.entry.numerator.sum

    @property
    def denominator(self) -> str:
        """The name of the sum that is the denominator."""
        return f"{self.code}_entered_of" if self.is_entered else self.entry.denominator.sum

    @property
    def is_entered(self) -> bool:
        """Whether its owner enters it, for no service can tell it."""
        return self.entry.dataset == "entries"


@cache
def catalogue() -> dict[str, Indicator]:
    """Every indicator by code, in the order of the file, with the documents' targets.

    What a county counts, and by which target it judges, is told by ``catalogue_of``.

    Raises:
        pydantic.ValidationError: the file has a fault; it names the indicator and the field.
    """
    content = read_yaml(FILE.read_text(encoding="utf-8"))
    found = {}
    for code, text in content.items():
        entry = _Entry.model_validate(text)
        reference = entry.reference()
        found[code] = Indicator(code, entry, () if reference is None else (reference,))
    return found
