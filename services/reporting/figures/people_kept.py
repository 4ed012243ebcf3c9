"""The registered persons of the newest day, kept as each is counted.

A change of what is told of a person leaves a mark; whom the marks mean is found out by whoever
reads, and those persons are counted from their rows. People of other days are counted from rows
alone.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import (
    String,
    Subquery,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    text,
    union_all,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY

from services.reporting.figures import registered
from services.reporting.models import STOCK_FLAGS, people_days, people_kept, person_marks
from shared.db.session import ReadSession, WriteSession

_MOST_PERSONS = 2_000
"""With more marked persons than that, counting everybody at once is no dearer."""
_STALE = text("SELECT person_id FROM stale_people LIMIT :most")
_COLUMNS = ("person_id", "household_id", "township", "village", *STOCK_FLAGS)


async def rows(session: ReadSession, day: date, card_day: date) -> Subquery | None:
    """The persons of :func:`registered.people`, most as they are kept; None: of no such day."""
    if await _days(session) != (day, card_day):
        return None
    ids = await _stale(session)
    if ids is None:
        return None
    k = people_kept.c
    kept = select(
        k.person_id.label("record_id"),
        *(k[name] for name in _COLUMNS),
        sql_cast(null(), String).label("facility_code"),
    )
    if not ids:
        return kept.subquery("people")
    seen = registered.people(day, card_day, ids)
    return union_all(
        kept.where(k.person_id != func.all(sql_cast(ids, ARRAY(String)))),
        select(seen.c.record_id, *(seen.c[name] for name in _COLUMNS), seen.c.facility_code),
    ).subquery("people")


async def behind(session: ReadSession, day: date, card_day: date) -> bool:
    """Whether there is anything to count anew."""
    if await _days(session) != (day, card_day):
        return True
    return (
        await session.execute(select(literal(1)).select_from(person_marks).limit(1))
    ).first() is not None


async def catch_up(session: WriteSession, day: date, card_day: date) -> bool:
    """Count marked persons anew, or everybody of a new day; whether there was anything to do.

    On the one snapshot that :func:`month_sums.alone` began.
    """
    if not await behind(session, day, card_day):
        return False
    ids = await _stale(session)
    if ids is None or await _days(session) != (day, card_day):
        await take_all_anew(session, day, card_day)
        return True
    await session.execute(
        delete(people_kept).where(people_kept.c.person_id == func.any(sql_cast(ids, ARRAY(String))))
    )
    await _count(session, registered.people(day, card_day, ids))
    await session.execute(delete(person_marks))
    return True


async def take_all_anew(session: WriteSession, day: date, card_day: date) -> None:
    """Count everybody; nobody else may be doing it."""
    for table in (person_marks, people_days, people_kept):
        await session.execute(delete(table))
    await _count(session, registered.people(day, card_day))
    await session.execute(insert(people_days).values(day=day, card_day=card_day))


async def _count(session: WriteSession, people: Subquery) -> None:
    await session.execute(
        insert(people_kept).from_select(_COLUMNS, select(*(people.c[name] for name in _COLUMNS)))
    )


async def _days(session: ReadSession) -> tuple[date, date] | None:
    found = (await session.execute(select(people_days.c.day, people_days.c.card_day))).first()
    return None if found is None else (found.day, found.card_day)


async def _stale(session: ReadSession) -> list[str] | None:
    """Every id that means a marked person; None: too many."""
    ids = list((await session.execute(_STALE, {"most": _MOST_PERSONS + 1})).scalars())
    return None if len(ids) > _MOST_PERSONS else ids
