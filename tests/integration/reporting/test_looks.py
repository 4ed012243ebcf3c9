"""One look for all who ask at once; what is kept is never older than the newest change."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event

from services.reporting.figures.looks import Looks
from services.reporting.module import MODULE
from services.reporting.projections.handlers import take_in
from shared.clock import FixedClock
from shared.db.session import ReadSession
from tests.integration.reporting.county import DISTRICT, JINHE, YONGHE, recognised
from tests.integration.reporting.half_year import half_year
from tests.integration.reporting.test_dashboard import document
from tests.integration.reporting.test_entries import ENTRY, call
from tests.support.service import Running, running

_SUMS_OF_ONE_LOOK = 5
"""One statement for each kind of row."""


@contextmanager
def counting(service: Running) -> Iterator[list[str]]:
    """The statements that sum rows up, as they are sent."""
    engine, sent = service.context.db.engine.sync_engine, []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if "GROUPING SETS" in statement.upper():
            sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def asked(service: Running, **query: str) -> int:
    """How many recognitions the page's document tells of."""
    shown = await document(service, **query)
    cards = {card["code"]: card for card in shown["cards"]}
    return int(cards["recognition_rate"]["denominator"]["value"])


async def test_viewers_share_one_look_until_the_figures_move(reporting: Running) -> None:
    """Goal: eight viewers cost what one costs, and see a change at once. Method: statements
    counted; page and document, an event between two looks."""
    await reporting.deliver_together(*half_year())
    async with reporting.client() as client:
        with counting(reporting) as sums:
            answers = await asyncio.gather(
                *(client.get(path) for path in 4 * ["/", "/reporting/v1/dashboard"])
            )
            assert {each.status_code for each in answers} == {200}
            assert len(sums) == _SUMS_OF_ONE_LOOK
            before = await document(reporting)
            await document(reporting, area="county", period="all")
            assert len(sums) == _SUMS_OF_ONE_LOOK
            await reporting.deliver(recognised(91, None, DISTRICT, "none", 6, 30))
            after = await document(reporting)
            assert len(sums) == 2 * _SUMS_OF_ONE_LOOK
    assert await asked(reporting) == 5
    assert after["revision"] > before["revision"]
    assert after["as_of"] > before["as_of"]
    assert after["live"][0]["facility_code"] == DISTRICT


async def test_a_change_that_is_not_committed_yet_is_seen_at_its_commit(
    reporting: Running,
) -> None:
    """Goal: the number of a change is out before its rows; no look is kept under it. Method: looks
    before, while and after two handlers are at work, the one that numbered first ending last."""
    assert await asked(reporting) == 0
    first, second = (recognised(each, None, DISTRICT, "none", 6, 2) for each in (1, 2))
    async with reporting.context.db.writing() as session:
        await take_in(first, session, reporting.context)
        assert await asked(reporting) == 0
        await reporting.deliver(second)
        assert [await asked(reporting) for _ in range(2)] == [1, 1]
    with counting(reporting) as sums:
        assert [await asked(reporting) for _ in range(2)] == [2, 2]
    assert len(sums) == _SUMS_OF_ONE_LOOK


async def test_an_entered_figure_is_seen_when_it_is_confirmed_and_when_it_is_withdrawn(
    reporting: Running,
) -> None:
    """Goal: what no event tells moves the page too. Method: its red light before and after."""

    async def lights(**query: str) -> dict[str, str]:
        return {
            each["code"]: each["value"]
            for each in (await document(reporting, **query))["attention"]
        }

    entry = f"/{(await call(reporting, '', ENTRY)).json()['entry_id']}"
    assert ENTRY["code"] not in await lights()
    assert (await call(reporting, f"{entry}/confirm", who="b")).status_code == 200
    assert (await lights())[ENTRY["code"]] == "0.9700"
    assert ENTRY["code"] not in await lights(area=YONGHE)
    gone = await call(reporting, f"{entry}/withdraw", {"reason": "分母有误"})
    assert gone.status_code == 200
    assert ENTRY["code"] not in await lights()


async def test_what_is_kept_is_of_its_place_and_asks_for_the_same_rights(
    tmp_path: Path, clock: FixedClock
) -> None:
    """Goal: nobody gets another's answer. Method: places in turn, all kept; a closed page asked
    without a token and with one that may not, both after one that may; the list behind a number."""
    async with running(MODULE, tmp_path, clock, open_dashboard=False) as service:
        await service.deliver_together(*half_year())
        areas = ("county", JINHE, YONGHE, DISTRICT, "unknown")
        async with service.client() as client:
            for _ in range(2):
                for area in areas:
                    answer = await client.get("/reporting/v1/dashboard", params={"area": area})
                    assert answer.json()["area"]["code"] == area
            for _ in range(2):
                nowhere = await client.get("/reporting/v1/dashboard", params={"area": "nowhere"})
                assert (nowhere.status_code, nowhere.json()["code"]) == (404, "area_unknown")
        for scopes, status in (((), 401), (("identity:recognise",), 403)):
            async with service.client() as client:
                client.headers.pop("authorization")
                if scopes:
                    token = service.signer.sign(
                        client_id="x", organisation=f"township:{JINHE}", scopes=scopes
                    )
                    client.headers["authorization"] = f"Bearer {token}"
                for path in ("/", "/reporting/dashboard/data", "/reporting/v1/dashboard"):
                    assert (await client.get(path)).status_code == status, path


async def test_who_comes_during_a_look_shares_the_next_one(reporting: Running) -> None:
    """Goal: under events without end a look is shared too, and never older than the question.
    Method: looks that are held; five ask during the first, which each event outdates."""
    looks = Looks(reporting.context.db)
    going_on, finish = asyncio.Event(), asyncio.Event()
    begun = 0

    async def read(_session: ReadSession) -> int:
        nonlocal begun
        begun += 1
        number = begun
        going_on.set()
        await finish.wait()
        await reporting.deliver(recognised(number, None, DISTRICT, "none", 6, 2))
        return number

    first = asyncio.create_task(looks.look("figures", read))
    await going_on.wait()
    others = [asyncio.create_task(looks.look("figures", read)) for _ in range(5)]
    await asyncio.sleep(0)
    finish.set()
    assert await first == 1
    assert await asyncio.gather(*others) == [2] * 5
    assert begun == 2


async def test_a_look_that_fails_or_is_given_up_holds_nobody(reporting: Running) -> None:
    """Goal: a viewer who leaves takes nothing from the next. Method: the first is cancelled, the
    second fails, the third reads."""
    looks = Looks(reporting.context.db, most=1)
    going_on = asyncio.Event()
    tries = 0

    async def read(_session: ReadSession) -> str:
        nonlocal tries
        tries += 1
        if tries == 1:
            going_on.set()
            await asyncio.Event().wait()
        if tries == 2:
            raise LookupError
        return "read"

    first = asyncio.create_task(looks.look("figures", read))
    await going_on.wait()
    others = [asyncio.create_task(looks.look("figures", read)) for _ in range(2)]
    await asyncio.sleep(0)
    first.cancel()
    found = await asyncio.gather(first, *others, return_exceptions=True)
    assert [type(each) for each in found] == [asyncio.CancelledError, LookupError, str]
    assert await looks.look("another", read) == "read"
    assert await looks.look("figures", read) == "read"
    assert tries == 5, "of two questions, one is kept"
