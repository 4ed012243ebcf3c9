"""When a contract's fee is due. Pure.

XB-21 pays 8 per person and year and says nothing of parts of a year; the reading is: no proration,
once per person and contract year, and only when at least one service of the contract's team is on
record while the contract holds. Who changes his team within a contract year has that year paid
once, to the team that served him first; the other team's year begins where the paid one ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Agreement:
    """A contract as the fee sees it; ``ends_before`` and ``term_before`` excluded."""

    contract_id: str
    team: str
    valid_from: date
    term_before: date
    """The day after the term's last, as signed or renewed."""
    ends_before: date
    """The day from which it no longer holds."""


@dataclass(frozen=True)
class Service:
    """Something a team did for a person."""

    service_id: str
    team: str
    done_on: date


@dataclass(frozen=True)
class Span:
    """Days from ``start`` to before ``before``."""

    start: date
    before: date


@dataclass(frozen=True)
class Due:
    """A contract year that its first service has earned."""

    contract_id: str
    team: str
    year: Span
    service_id: str
    done_on: date


def years_of(agreement: Agreement) -> list[Span]:
    """The contract years of a term, the last one as long as the term."""
    years = []
    number, start = 0, agreement.valid_from
    while start < agreement.term_before:
        number += 1
        before = min(_years_later(agreement.valid_from, number), agreement.term_before)
        years.append(Span(start, before))
        start = before
    return years


def fees_due(
    agreements: Iterable[Agreement], services: Sequence[Service], paid: Iterable[Span]
) -> list[Due]:
    """What one person's contracts have earned and is not paid yet.

    Args:
        agreements: his contracts, those entered in error left out.
        services: what was done for him, by whichever team.
        paid: contract years that were paid for him before, by whichever team.
    """
    covered = list(paid)
    ordered = sorted(services, key=lambda service: (service.done_on, service.service_id))
    found = []
    for agreement in sorted(agreements, key=lambda each: (each.valid_from, each.contract_id)):
        for year in years_of(agreement):
            unpaid = _unpaid_part(year, covered)
            if unpaid is None:
                continue
            first = next(
                (
                    service
                    for service in ordered
                    if service.team == agreement.team
                    and unpaid.start <= service.done_on < min(unpaid.before, agreement.ends_before)
                ),
                None,
            )
            if first is None:
                continue
            covered.append(unpaid)
            found.append(
                Due(
                    agreement.contract_id,
                    agreement.team,
                    unpaid,
                    first.service_id,
                    first.done_on,
                )
            )
    return found


def _unpaid_part(year: Span, covered: Iterable[Span]) -> Span | None:
    """The part of a contract year after every paid year that reaches into it.

    What is left before a paid year that begins within this one is not a year of its own: it would
    be paid twice.
    """
    start = year.start
    for span in sorted(covered, key=lambda each: each.start):
        if span.start < year.before and start < span.before:
            start = max(start, span.before)
    return Span(start, year.before) if start < year.before else None


def _years_later(day: date, years: int) -> date:
    """The same day so many years later; 29 February becomes 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def month_of(period: str) -> tuple[date, date]:
    """First and last day of a month such as ``2018-03``."""
    year, month = map(int, period.split("-"))
    first = date(year, month, 1)
    following = date(year + month // 12, month % 12 + 1, 1)
    return first, following - timedelta(days=1)
