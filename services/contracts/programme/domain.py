"""The programme's content, typed and checked whole. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.contracts.referrals.domain import REASONS
from shared.policy.region import FACILITY_LEVELS

Text = Annotated[str, StringConstraints(min_length=1)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Period = Literal["year", "quarter", "month"]
CHRONIC_FOUR = "chronic_4"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Strict):
    """Chinese and English."""

    zh: Text
    en: Text


class TermRule(_Strict):
    """How long a contract lasts at least."""

    years: Annotated[int, Field(ge=1, le=3)]
    shorter: Literal["mark", "refuse"]
    citation: Text


class ExemptReason(Words):
    """Why a registered person is not under contract."""

    days: Annotated[int, Field(ge=1)] | None = None
    """For how long it stands unless a day is given; None: it does not expire."""
    leaves_denominator: bool = False
    """Out of "at home and willing" (LP-32)."""
    ends_contract: Code | None = None
    """Why a contract in force ends when this is recorded; None: a contract stands against it."""

    def last_day(self, valid_from: date) -> date | None:
        """The last day on which it stands by default."""
        return None if self.days is None else valid_from + timedelta(days=self.days - 1)


class Disease(Words):
    """A disease of the register."""

    icd10: tuple[Text, ...]
    chronic_four: bool = False
    least_grade: Annotated[int, Field(ge=1)] | None = None
    """From which grade on it is registered; a grade has to be given then."""
    citation: Text | None = None

    def is_named_by(self, diagnosis: str) -> bool:
        """Whether a diagnosis code is one of its codes or lies under one."""
        return diagnosis.startswith(self.icd10)


class Batch(Words):
    """A list of diseases that a document treats alike."""

    size: int
    citation: Text
    assumed: bool = False
    """The document does not name the diseases; the county has to confirm the list."""
    diseases: tuple[Code, ...]


class Role(Words):
    """What somebody is in a team."""

    needed: bool = False
    """A team without one is incomplete."""
    citation: Text | None = None


class PackageItem(Words):
    """A service and how often it is promised."""

    code: Code
    times: Annotated[int, Field(ge=1)]
    per: Period
    citation: Text | None = None
    offered_with: Annotated[Code | None, Field(alias="with")] = None
    """The programme of care that it is; promised only where the region has that programme."""


class Package(Words):
    """What a contract promises."""

    items: tuple[PackageItem, ...]


class LateEntry(_Strict):
    """From when on a service counts as entered late; it is kept and marked, not refused."""

    after_days: Annotated[int, Field(ge=0)]
    """Calendar days after the service that are still in time."""
    citation: Text
    assumed: bool = False
    """The document gives no number; the county has to confirm it."""


class ReferralTarget(_Strict):
    """Where patients who are referred up for certain reasons have to go."""

    reasons: Annotated[tuple[Code, ...], Field(min_length=1)]
    from_levels: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Levels of the institutions that it binds."""
    batch: Code | None = None
    """Only with a disease of this list; None: with any."""
    facilities: Annotated[tuple[Text, ...], Field(min_length=1)]
    citation: Text

    def speaks_of(self, reason: str, from_level: str) -> bool:
        return reason in self.reasons and from_level in self.from_levels


class CallOutcome(Words):
    """What a call to somebody overdue ended in."""

    reached: bool = False
    """Somebody was spoken to."""
    wants_day: bool = False
    """The day that was agreed has to be given."""
    again_days: Annotated[int, Field(ge=1)] | None = None
    """Days until the next call, from the agreed day where there is one; None: no further call."""
    exempt: Code | None = None
    """The exempt reason that it opens, on evidence."""


class Overdue(_Strict):
    """The list of those who did not come."""

    back_days: Annotated[int, Field(ge=1)]
    """How long a missed visit stays on it."""
    return_days: Annotated[int, Field(ge=1)]
    """Within how many days after a call the person is looked for."""
    citation: Text
    outcomes: dict[Code, CallOutcome]


class Policy(Words):
    citation: Text


class Programme(_Strict):
    """Everything together; a list that contradicts itself is refused whole."""

    version: Text
    term: TermRule
    longest_exemption_days: Annotated[int, Field(ge=1)]
    exempt_reasons: dict[Code, ExemptReason]
    leaving: dict[Code, Code]
    overdue: Overdue
    not_offered: tuple[Code, ...] = ()
    """Programmes of care that the region does not have; nothing of theirs is asked for."""
    referral_targets: tuple[ReferralTarget, ...] = ()
    """Empty: the region's documents bind nobody."""
    late_entry: LateEntry | None = None
    """None: the region's documents ask for no time."""
    diseases: dict[Code, Disease]
    batches: dict[Code, Batch]
    roles: dict[Code, Role]
    packages: dict[Code, Package]
    policy: Policy

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for needed, group in (
            ("refused", self.exempt_reasons),
            ("default", self.leaving),
            (CHRONIC_FOUR, self.batches),
            ("basic", self.packages),
        ):
            if needed not in group:
                raise ValueError(f"{needed} is missing")
        for code, outcome in self.overdue.outcomes.items():
            if outcome.exempt is not None and outcome.exempt not in self.exempt_reasons:
                raise ValueError(f"call outcome {code} names an unknown exempt reason")
        for code, batch in self.batches.items():
            unknown = sorted(set(batch.diseases) - set(self.diseases))
            if unknown:
                raise ValueError(f"batch {code} names unknown diseases: {', '.join(unknown)}")
            if len(set(batch.diseases)) != batch.size:
                raise ValueError(
                    f"batch {code} says {batch.size} diseases and lists {len(set(batch.diseases))}"
                )
        for target in self.referral_targets:
            strange = sorted(r for r in target.reasons if REASONS.get(r, ("",))[0] != "up")
            if strange:
                raise ValueError(f"a referral target names no reason up: {', '.join(strange)}")
            levels = sorted(set(target.from_levels) - set(FACILITY_LEVELS))
            if levels:
                raise ValueError(f"a referral target names no level: {', '.join(levels)}")
            if target.batch is not None and target.batch not in self.batches:
                raise ValueError(f"a referral target names an unknown list: {target.batch}")
        flagged = {code for code, disease in self.diseases.items() if disease.chronic_four}
        if flagged != set(self.batches[CHRONIC_FOUR].diseases):
            raise ValueError(
                "the diseases marked chronic_four are not those of the batch chronic_4"
            )
        return self

    def promised(self, package: Package) -> tuple[PackageItem, ...]:
        """What a package promises in this region."""
        return tuple(i for i in package.items if i.offered_with not in self.not_offered)

    def diseases_named(self, diagnoses: Collection[str]) -> frozenset[str]:
        """The diseases that some diagnosis codes are of."""
        return frozenset(
            code
            for code, disease in self.diseases.items()
            if any(disease.is_named_by(each) for each in diagnoses)
        )

    def referral_targets_for(
        self, reason: str, from_level: str, diseases: Collection[str]
    ) -> tuple[ReferralTarget, ...]:
        """What binds a referral up of a patient with these diseases."""
        return tuple(
            target
            for target in self.referral_targets
            if target.speaks_of(reason, from_level)
            and (
                target.batch is None
                or not frozenset(self.batches[target.batch].diseases).isdisjoint(diseases)
            )
        )

    def is_late(self, done_on: date, entered_on: date) -> bool:
        """Whether a service of a day was entered later than the region's document allows."""
        late = self.late_entry
        return late is not None and (entered_on - done_on).days > late.after_days

    def batches_of(self, disease: str) -> tuple[str, ...]:
        """The lists on which a disease stands."""
        return tuple(code for code, batch in self.batches.items() if disease in batch.diseases)

    def outside_denominator(self) -> tuple[str, ...]:
        """The exempt reasons that take a person out of "at home and willing"."""
        return tuple(c for c, reason in self.exempt_reasons.items() if reason.leaves_denominator)

    def reason_of_leaving(self, told: str | None) -> str:
        """Why a contract ends when identity says why the person left the registry."""
        return self.leaving.get(told or "default", self.leaving["default"])
