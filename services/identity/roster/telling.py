"""The events that tell of persons whom an import entered, changed or let go. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.identity.categories.domain import Period, registered_on_or_after
from services.identity.categories.leaving import Reason
from shared.clock import start_of_business_day
from shared.events.catalog import CategoryPeriod, PersonChanged, PersonEntered, PersonLeft
from shared.events.catalog.identity import PovertyCause
from shared.messaging.outbox import Recorded


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person is registered."""

    household_id: UUID | None = None
    township: str | None = None
    village: str | None = None


@dataclass(frozen=True)
class Telling:
    """One import's events."""

    effective_on: date
    now: datetime

    def event(
        self,
        person_id: UUID,
        version: int,
        *,
        before: Sequence[Period] | None,
        after: Sequence[Period],
        place: Place,
        reason: Reason | None = None,
        birth_year: int | None = None,
        sex: Literal["M", "F"] | None = None,
        poverty_cause: PovertyCause | None = None,
    ) -> Recorded:
        """The event of one person's change.

        Args:
            person_id: whose.
            version: his, after the change.
            before: his periods as known until now; None: he was not on the register.
            after: his periods as now known.
            place: where he is registered now.
            reason: why he leaves, if a reason is given.
            birth_year: as the roster's row tells it, if it does.
            sex: likewise.
            poverty_cause: likewise.
        """
        was = before is not None and registered_on_or_after(before, self.effective_on)
        stays = registered_on_or_after(after, self.effective_on)
        kind: type[PersonEntered | PersonChanged | PersonLeft] = PersonChanged
        if before is None or (stays and not was):
            kind = PersonEntered
        elif was and not stays:
            kind = PersonLeft
        event = kind(
            person_id=str(person_id),
            household_id=str(place.household_id) if place.household_id else None,
            township=place.township,
            village=place.village,
            birth_year=birth_year,
            sex=sex,
            poverty_cause=poverty_cause,
            categories=tuple(
                CategoryPeriod(code=p.code, valid_from=p.valid_from, valid_to=p.valid_to)
                for p in after
            ),
            effective_on=self.effective_on,
            recorded_at=self.now,
            reason=reason or "roster",
        )
        return Recorded(
            event,
            subject=str(person_id),
            sequence=version,
            occurred_at=start_of_business_day(self.effective_on),
        )
