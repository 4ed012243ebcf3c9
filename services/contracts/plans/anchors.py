"""From what a person's next task in a programme is counted."""

from __future__ import annotations

from datetime import date, timedelta

from services.contracts.plans.domain import START, Anchor, Programme, Unmet, year_anchor
from services.contracts.plans.repository import Facts
from shared.clock import business_date


def anchor_of(programme: Programme, facts: Facts, day: date) -> Anchor | None:
    """What a person's next task in a programme is counted from; None: nothing is asked for."""
    if programme.kind == "check_up":
        return None if facts.checked else year_anchor(day)
    if programme.unmet is not None:
        return _not_met(programme.unmet, facts)
    if programme.supply is not None:
        return _handed_out(programme, programme.supply.disease, facts)
    enrolment = facts.enrolments.get(programme.code)
    if enrolment is None or enrolment.planned_from > day:
        return None
    start: date = enrolment.planned_from
    visit = facts.visits.get(programme.code)
    if visit is None or business_date(visit.performed_at) < start:
        what = enrolment.found_as or START
        return Anchor(f"start:{enrolment.enrolment_id}", start, what, start)
    if visit.classification in programme.ends_after:
        return None
    return Anchor(
        f"visit:{visit.follow_up_id}" + (f":{visit.judged}" if visit.judged > 1 else ""),
        max(visit.anchor_on, start),
        visit.classification or "any",
        start,
    )


def _not_met(unmet: Unmet, facts: Facts) -> Anchor | None:
    """From when a report is asked for; None: not often enough, or he has been met since."""
    enrolment = facts.enrolments.get(unmet.programme)
    if enrolment is None:
        return None
    start: date = enrolment.planned_from
    visit = facts.visits.get(unmet.programme)
    if visit is not None and business_date(visit.performed_at) >= start:
        return None
    contacts = {(at, way) for disease, at, way in facts.unmet if disease == unmet.programme}
    on = unmet.reached_on(start, ((business_date(at), way) for at, way in contacts))
    return Anchor(f"unmet:{enrolment.enrolment_id}", on, START, on) if on is not None else None


def _handed_out(programme: Programme, disease: str, facts: Facts) -> Anchor | None:
    """Until when drugs last; None: treatment has ended, or they were used up when it was told.

    Drugs that are handed out before the last ones are used up count from their own day: to be
    reminded early is better than to be without.
    """
    supply = facts.supplies.get(disease)
    if supply is None:
        return None
    handed_on: date = supply.dispensed_on
    ends_on = handed_on + timedelta(days=supply.days - 1)
    if ends_on < business_date(supply.recorded_at):
        return None
    visit = facts.visits.get(disease)
    if (
        visit is not None
        and visit.classification in programme.ends_after
        and business_date(visit.performed_at) >= handed_on
    ):
        return None
    left_on = facts.left.get(disease)
    if disease not in facts.enrolments and left_on is not None and left_on >= handed_on:
        return None
    return Anchor(f"dispensing:{supply.dispensing_id}", handed_on, START, ends_on)
