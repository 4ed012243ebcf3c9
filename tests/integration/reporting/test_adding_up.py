"""Properties of any small county: from the county to each person everything adds up, in any order."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text

from services.reporting.figures import month_sums, repository
from services.reporting.figures.domain import UNKNOWN, Area, period_of
from services.reporting.figures.repository import Scope, Sums
from services.reporting.figures.service import scope_of
from services.reporting.indicators import repository as records
from services.reporting.indicators.catalogue import Indicator
from services.reporting.indicators.county import FILE, catalogue_of, read
from services.reporting.indicators.service import evaluate
from services.reporting.models import PROJECTIONS, Entry
from services.reporting.module import MODULE
from services.reporting.month_closes import repository as closes
from services.reporting.month_closes import service as closing
from services.reporting.month_closes import signing
from shared.clock import FixedClock
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import DiseaseCaseFound, DiseaseCaseManaged
from shared.ids import new_id
from shared.money import fen_from_text
from shared.policy.folders import MemoryFolder
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal
from shared.security.scopes import SCOPES
from tests.integration.reporting.county import (
    DISTRICT,
    HOMES,
    JINHE,
    JINHE_HOSPITAL,
    OUTSIDE,
    YONGHE,
    YONGHE_HOSPITAL,
    bill,
    cancelled,
    card,
    case,
    check_up,
    contract,
    exemption,
    person,
    recognised,
    reversal,
    visit,
)
from tests.support.merges import merged, unmerged
from tests.support.service import COUNTY, running, shuffled

PLACES = (
    (JINHE, "曙光村"), (JINHE, "柏林村"), (YONGHE, "坪上村"), (YONGHE, None), (None, None),
)  # fmt: skip
MONTHS = ("2016-03", "2016-04", "2016-05")
PERIODS = ("all", "2016-H1", *MONTHS)
DIRECTOR = Principal("director", COUNTY, frozenset(SCOPES))
ALL_ROWS = 100_000


def drawn_events(draw: random.Random) -> list[Envelope[Any]]:
    """A county of a few persons: homes, merges, contracts, diseases, visits, bills, reversals."""
    events: list[Envelope[Any]] = []
    everybody = [f"Q{number}" for number in range(draw.randint(1, 6))]
    for number, who in enumerate(everybody):
        HOMES[who] = draw.choice(PLACES)
        events.append(person(who, valid_to=draw.choice((None, None, date(2016, 4, 15)))))
        if draw.random() < 0.5:
            events += contract(number, who, ended=draw.choice((None, date(2016, 4, 20))))
        if draw.random() < 0.3:
            events += exemption(number, who, date(2016, draw.randint(1, 5), 1))
        if draw.random() < 0.5:
            day = date(2016, draw.randint(1, 5), 1)
            steps = [(DiseaseCaseFound, day), (DiseaseCaseManaged, day)][: draw.randint(1, 2)]
            lists = draw.choice((("chronic_4",), ("major_14",), ("serious_34", "chronic_4")))
            events += case(who, "x", lists, *steps)
        if draw.random() < 0.3:
            events.append(check_up(who, date(2016, draw.randint(1, 5), 3)))
        if draw.random() < 0.3:
            events += card(f"K{number}", who, revoked=draw.random() < 0.5)
        for visit_number in range(draw.randint(0, 2)):
            events += drawn_visit(draw, f"{who}-{visit_number}", who, number * 9 + visit_number)
    for number, (one, other) in enumerate(zip(everybody[::2], everybody[1::2], strict=False)):
        if draw.random() < 0.4:
            events.append(merged(one, other, number + 1))
            if draw.random() < 0.3:
                events.append(unmerged(one, other, number + 1))
    return events


def drawn_visit(draw: random.Random, name: str, who: str, number: int) -> list[Envelope[Any]]:
    day = date(2016, 3, 1) + timedelta(days=draw.randint(0, 90))
    facility = draw.choice((DISTRICT, JINHE_HOSPITAL, YONGHE_HOSPITAL, OUTSIDE))
    kind = draw.choice(("inpatient", "outpatient"))
    left = draw.choice((day, day, None))
    events = [
        recognised(number, who, facility, draw.choice(("certain", "possible")), 3, 9),
        *visit(name, who, facility, kind, day, left),
    ]
    if left is None:
        return [*events, *([cancelled(name, who, facility, kind, day)] * (draw.random() < 0.3))]
    if draw.random() < 0.8:
        paid, patient = {"basic_insurance": draw.randint(0, 10**6)}, draw.randint(1, 10**6)
        registered = draw.random() < 0.8
        events.append(bill(name, who, facility, kind, day, paid, patient, registered=registered))
        if draw.random() < 0.2:
            events.append(reversal(name, sum(paid.values()) + patient, day))
    return events


@dataclass
class Part:
    """What a place adds to an indicator, from its persons' rows."""

    numerator: int = 0
    denominator: int = 0
    rows: int = 0


class RolledBack(Exception):
    """The end of an example: nothing of it stays."""


def roll_back() -> NoReturn:
    raise RolledBack


class Story:
    """One county in one transaction of a service."""

    def __init__(self, context: ServiceContext, session: WriteSession) -> None:
        self.context, self.session = context, session

    async def take(self, events: Sequence[Envelope[Any]]) -> None:
        handlers = {each.event.type_name(): each.handler for each in MODULE.subscriptions}
        for event in events:
            await handlers[event.type](event, self.session, self.context)

    async def rows(self) -> dict[str, list[str]]:
        found = {}
        for table in PROJECTIONS:
            told = await self.session.execute(text(f"SELECT t::text FROM {table.name} t"))
            found[table.name] = sorted(told.scalars())
        return found

    async def enter(self, draw: random.Random) -> None:
        """Entered figures of the county, or of a township."""
        for code in ("insurance_coverage", "home_survey_rate"):
            whole = draw.randint(1, 90)
            day = date(2016, 4, 30)
            await self.session.execute(
                insert(Entry).values(
                    entry_id=new_id(), region=self.context.region.region_code, code=code,
                    period="2016-04", first_day=day.replace(day=1), day=day,
                    township=draw.choice((None, JINHE, YONGHE)), numerator=draw.randint(0, whole),
                    denominator=whole, evidence="x", state="confirmed", entered_by="a",
                    entered_at=self.context.clock.now(), confirmed_by="b",
                    confirmed_at=self.context.clock.now(),
                )
            )  # fmt: skip

    async def adds_up(self, period: str) -> None:
        """Every indicator of a period at every level against its persons' rows."""
        county = await scope_of(self.session, self.context, area=None, period=period)
        whole, divided = await repository.totals_and_parts(
            self.session, county, ("township", "facility_code")
        )
        villages = {}
        for township in divided["township"]:
            area = Area("township", township=township)
            inside = Scope(area, county.period, county.day, county.card_day)
            villages[township] = await repository.sums_by(self.session, inside, "village")
        for indicator in catalogue_of(self.context).indicators.values():
            places = await self.persons(indicator, county)
            self.same(indicator, {"": whole}, places[""], county)
            self.same(indicator, divided["township"], places["township"], county)
            for township, parts in villages.items():
                inner = {
                    key[1]: part for key, part in places["village"].items() if key[0] == township
                }
                self.same(indicator, parts, inner, county)
            if indicator.entry.dataset not in ("people", "entries"):
                self.same(indicator, divided["facility_code"], places["facility_code"], county)

    async def persons(self, indicator: Indicator, scope: Scope) -> Mapping[str, Mapping[Any, Part]]:
        """What the rows behind a figure add to each place; no row stands twice."""
        found = await records.page_of(self.session, indicator, scope, limit=ALL_ROWS, after=None)
        assert len({row["record_id"] for row in found}) == len(found)
        places: dict[str, dict[Any, Part]] = defaultdict(lambda: defaultdict(Part))
        for row in found:
            home = (row["township"] or UNKNOWN, row["village"] or UNKNOWN)
            for level, key in (
                ("", ""),
                ("township", home[0]),
                ("village", home),
                ("facility_code", row["facility_code"]),
            ):
                part = places[level][key]
                part.numerator += row["numerator"]
                part.denominator += row["denominator"]
                part.rows += 1
        return places

    def same(
        self,
        indicator: Indicator,
        told: Mapping[str, Sums],
        counted: Mapping[Any, Part],
        scope: Scope,
    ) -> None:
        """Each place's figure is what its rows make it, and no row is of a place without one."""
        assert counted.keys() <= told.keys()
        for place, sums in told.items():
            figure = evaluate(
                indicator, sums, area=place, period=scope.period.code, day=scope.day, as_of=None
            )
            part = counted.get(place, Part())
            assert (number(figure.numerator), number(figure.denominator), figure.records) == (
                part.numerator, part.denominator, part.rows,
            ), (indicator.code, scope.period.code, place)  # fmt: skip

    async def months_make_all(self) -> None:
        """What happens in months makes what happened so far; each month is its own period."""
        county = await scope_of(self.session, self.context, area=None, period="all")
        whole, divided = await repository.totals_and_parts(self.session, county, ("month",))
        by_month = divided["month"]
        for indicator in catalogue_of(self.context).indicators.values():
            if indicator.entry.dataset in ("people", "entries"):
                continue
            for name in (indicator.numerator, indicator.denominator):
                assert sum(sums[name] for sums in by_month.values()) == whole[name], name
        for month, sums in by_month.items():
            scope = Scope(Area("county"), period_of(month), county.day, county.card_day)
            alone = await repository.totals(self.session, scope)
            assert {name: alone[name] for name in sums.values} == dict(sums.values), month

    async def sign(self, month: str) -> Any:
        made = await closing.create(self.session, self.context, DIRECTOR, month)
        await closing.submit(
            self.session, self.context, DIRECTOR, made.id, township=None, note=None
        )
        await closing.accept(self.session, self.context, DIRECTOR, made.id, None)
        await signing.sign(self.session, self.context, DIRECTOR, made.id, None)
        return await self.signed(made.id)

    async def signed(self, close_id: Any) -> Any:
        close = await closes.get(self.session, self.context.region.region_code, close_id)
        assert close is not None
        return close.id, close.figures, close.sha256, await closes.file_of(self.session, close_id)

    def judge_by(self, value: Decimal, direction: str) -> None:
        """Another target of the county for every share that is counted."""
        codes = [
            code
            for code, one in catalogue_of(self.context).indicators.items()
            if one.entry.unit in ("money", "count")
        ]
        told = {
            code: [{"value": str(value), "direction": direction, "citation": "新 · 1"}]
            for code in codes
        }
        pack = MemoryFolder("new", {FILE: repr({"targets": told}).encode()})
        self.context.state["reporting.catalogue"] = read(pack, self.context.region)


def number(told: str | int) -> int:
    return fen_from_text(told) if isinstance(told, str) else told


def townships_make_the_county(figures: Mapping[str, Any]) -> None:
    """Of a signed month: the townships' numerators and denominators are the county's."""
    for one in figures["indicators"]:
        for name in ("numerator", "denominator"):
            parts = (each["indicators"][one["code"]][name] for each in figures["townships"])
            assert sum(map(number, parts)) == number(one[name]), (one["code"], name)


async def one_county(
    context: ServiceContext,
    draw: random.Random,
    seed: int,
    period: str,
    target: Decimal,
    direction: str,
) -> None:
    events = drawn_events(draw)
    context.state.pop("reporting.catalogue", None)
    with suppress(RolledBack):
        async with context.db.writing() as session:
            story = Story(context, session)
            nested = await session.begin_nested()
            await story.take(events)
            in_order = await story.rows()
            await nested.rollback()
            again = shuffled(events, seed, times=2)
            kept_after = draw.randint(0, len(again))
            await story.take(again[:kept_after])
            await month_sums.take_all_anew(session)
            await story.take(again[kept_after:])
            assert await story.rows() == in_order
            await story.enter(draw)
            await story.adds_up(period)
            await story.months_make_all()
            close_id, *before = await story.sign("2016-04")
            townships_make_the_county(before[0])
            story.judge_by(target, direction)
            assert (await story.signed(close_id))[1:] == tuple(before)
            roll_back()


def test_any_small_county_adds_up(tmp_path: Path) -> None:
    """Goal: for every indicator, at every level and in every month, the children are the parent and
    the list behind it is as long as the number says; the order and repetition of events alter no
    row; a signed month's townships make the county, and no later target alters a byte of it.

    Method: small counties drawn by hypothesis, each in one transaction that is rolled back: its
    events in order, then shuffled and twice, with the sums kept somewhere on the way; every
    place's numerator, denominator and number of records against the persons' rows; a month is
    signed and every target moved."""
    service = running(MODULE, tmp_path, FixedClock(datetime(2016, 7, 1, 1, tzinfo=UTC)))
    with asyncio.Runner() as runner:
        context = runner.run(service.__aenter__()).context

        @settings(max_examples=5)
        @given(
            draw=st.randoms(use_true_random=False),
            seed=st.integers(0, 2**32),
            period=st.sampled_from(PERIODS),
            target=st.decimals(0, 1, places=2),
            direction=st.sampled_from(("at_most", "at_least")),
        )
        def a_county(**drawn: Any) -> None:
            runner.run(one_county(context, **drawn))

        try:
            a_county()
        finally:
            runner.run(service.__aexit__(None, None, None))
            for who in [who for who in HOMES if str(who).startswith("Q")]:
                del HOMES[who]
