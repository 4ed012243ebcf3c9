"""When a rule applies: facts about the visit and the person, each optional, all must hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.claims.settlement.bill import Evidence, Person, Standing, Visit
from shared.policy.parameters import ParameterView


@dataclass(frozen=True, slots=True)
class Case:
    """One calculation's facts. ``day`` decides which values and rules are in force."""

    visit: Visit
    person: Person
    evidence: Evidence
    standing: Standing
    parameters: ParameterView
    day: date


@dataclass(frozen=True, slots=True)
class When:
    """A condition; an empty set or None does not restrict. Days are inclusive."""

    visit_types: frozenset[str] = frozenset()
    facility_levels: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    except_categories: frozenset[str] = frozenset()
    insurance_plans: frozenset[str] = frozenset()
    disease_programmes: frozenset[str] = frozenset()
    any_category: bool | None = None
    in_region: bool | None = None
    designated: bool | None = None
    referral: bool | None = None
    in_region_or_referred: bool | None = None
    card_presented: bool | None = None
    first_day: date = date.min
    last_day: date = date.max

    def is_about(self, case: Case) -> bool:
        """Whether the rule is about such visits and illnesses at all, whoever the patient is."""
        return (not self.visit_types or case.visit.type in self.visit_types) and (
            not self.disease_programmes
            or not self.disease_programmes.isdisjoint(case.visit.programmes)
        )

    def holds(self, case: Case) -> bool:
        visit, person = case.visit, case.person
        return (
            (not self.visit_types or visit.type in self.visit_types)
            and (not self.facility_levels or visit.facility_level in self.facility_levels)
            and (not self.categories or not self.categories.isdisjoint(person.categories))
            and (not self.except_categories or self.except_categories.isdisjoint(person.categories))
            and (self.any_category is None or self.any_category == bool(person.categories))
            and (self.in_region is None or self.in_region == visit.in_region)
            and (self.designated is None or self.designated == visit.designated)
            and (self.referral is None or self.referral == visit.referral)
            and (
                self.in_region_or_referred is None
                or self.in_region_or_referred == (visit.in_region or visit.referral)
            )
            and (not self.insurance_plans or person.insurance_plan in self.insurance_plans)
            and (
                not self.disease_programmes
                or not self.disease_programmes.isdisjoint(visit.programmes)
            )
            and (self.card_presented is None or self.card_presented == case.evidence.card_presented)
            and self.first_day <= case.day <= self.last_day
        )

    def excludes(self, other: When) -> bool:
        """Whether no visit can meet both.

        A person may have several categories and several illnesses: different ones prove nothing.
        """
        sets = (
            (self.visit_types, other.visit_types),
            (self.facility_levels, other.facility_levels),
            (self.insurance_plans, other.insurance_plans),
        )
        flags = (
            (self.any_category, other.any_category),
            (self.in_region, other.in_region),
            (self.designated, other.designated),
            (self.referral, other.referral),
            (self.in_region_or_referred, other.in_region_or_referred),
            (self.card_presented, other.card_presented),
        )
        return (
            any(mine and theirs and mine.isdisjoint(theirs) for mine, theirs in sets)
            or any(m is not None and t is not None and m != t for m, t in flags)
            or self._needs_what_lacks(other)
            or other._needs_what_lacks(self)
            or self.last_day < other.first_day
            or other.last_day < self.first_day
        )

    def _needs_what_lacks(self, other: When) -> bool:
        """Whether every category that admits to this rule keeps out of the other."""
        return bool(self.categories) and (
            other.any_category is False or self.categories <= other.except_categories
        )
