"""Funds: money comes in by the rules, is never overdrawn, and is warned of in time."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg

from services.claims.funds.service import watch
from shared.clock import FixedClock
from shared.events.catalog import FundWarned
from tests.integration.claims.county import DISTRICT, Claims, person

DOCUMENT = {"year": 2016, "document": "金财发〔2016〕3号", "booked_on": "2016-01-05"}


async def received(
    claims: Claims, fund: str, how: str, amount: str, **more: Any
) -> tuple[int, dict[str, Any]]:
    answer = await claims.call("POST", f"/funds/{fund}/{how}", DOCUMENT | {"amount": amount} | more)
    return answer.status_code, answer.json()


async def test_money_comes_in_by_the_rules(claims: Claims) -> None:
    """Goal: opening balance, appropriation and transfer, each by the fund's rules, in the ledger.

    Method: the insurance opens with 1000.00 and feeds the special fund once (XB-53); every other
    way in is refused.
    """
    assert (await received(claims, "basic_insurance", "opening", "1000.00"))[0] == 201
    status, movement = await received(
        claims, "special_fund", "transfers", "600.00", from_fund="basic_insurance"
    )
    assert (status, movement["source"], movement["source_zh"]) == (
        201,
        "surplus_transfer",
        "医保基金历年结余划拨",
    )
    status, _ = await received(
        claims, "medical_aid", "appropriations", "50.00", source="civil_affairs"
    )
    assert status == 201

    for fund, how, more, expected in (
        ("basic_insurance", "opening", {}, "opened_already"),
        ("special_fund", "transfers", {"from_fund": "basic_insurance"}, "transferred_already"),
        (
            "special_fund",
            "transfers",
            {"from_fund": "basic_insurance", "year": 2017, "amount": "400.01"},
            "fund_insufficient",
        ),
        ("special_fund", "appropriations", {"source": "fiscal"}, "source_not_allowed"),
        ("special_fund", "transfers", {"from_fund": "waiver_fund"}, "source_not_allowed"),
        ("waiver_fund", "appropriations", {"source": "civil_affairs"}, "source_not_allowed"),
        ("nobody", "opening", {}, "fund_not_found"),
        ("medical_aid", "opening", {"amount": "0.00"}, "validation_failed"),
        ("medical_aid", "opening", {"amount": "-5.00"}, "validation_failed"),
    ):
        status, refused = await received(claims, fund, how, **({"amount": "1.00"} | more))
        assert status >= 400
        assert refused["code"] == expected, (fund, how, refused)
    held = {fund["fund"]: fund["balance"] for fund in (await claims.good("GET", "/funds"))["items"]}
    assert (held["basic_insurance"], held["special_fund"], held["medical_aid"]) == (
        "400.00",
        "600.00",
        "50.00",
    )
    assert (await claims.balances())["source:basic_insurance:opening_balance"] == "-1000.00"
    before = await claims.good("GET", "/funds/special_fund", as_of="2016-01-04")
    assert before["balance"] == "0.00"
    listed = await claims.good("GET", "/funds/special_fund/movements")
    assert [each["amount"] for each in listed["items"]] == ["600.00"]


async def test_only_the_treasury_and_the_county(claims: Claims) -> None:
    """Goal: a hospital neither moves nor sees the funds. Method: its scope, its organisation."""
    forbidden = await claims.call(
        "POST", "/funds/medical_aid/opening", DOCUMENT | {"amount": "1.00"}, client="hospital"
    )
    assert forbidden.status_code == 403
    own = f"facility:{DISTRICT}"
    assert (await claims.good("GET", "/funds", organisation=own))["items"] == []
    hidden = await claims.call("GET", "/funds/medical_aid", organisation=own)
    assert hidden.status_code == 404
    account = await claims.call(
        "GET", "/ledger/accounts/fund:medical_aid/entries", organisation=own
    )
    assert account.status_code == 404


async def test_a_year_is_fed_once_whoever_asks_at_once(claims: Claims) -> None:
    """Goal: one transfer a year, and no more than there is. Method: eight at the same moment."""
    await received(claims, "basic_insurance", "opening", "1000.00")
    answers = await asyncio.gather(
        *(
            received(claims, "special_fund", "transfers", "300.00", from_fund="basic_insurance")
            for _ in range(8)
        )
    )
    assert sorted(status for status, _ in answers) == [201] + [409] * 7
    found = await claims.good("GET", "/funds/special_fund")
    assert found["balance"] == "300.00"


async def spend(claims: Claims, fund: str, purpose: str, amount_fen: int) -> None:
    """Take money out of a fund by hand, as the owner of the tables."""
    psql = await claims.psql()
    try:
        async with psql.transaction():
            for kind, use in (("fund", None), ("spent", purpose)):
                code = ":".join(part for part in (kind, fund, use) if part)
                await psql.execute(
                    "INSERT INTO accounts (code, region, kind, fund, purpose, name_en, name_zh)"
                    " VALUES ($1, '511113', $2, $3, $4, 'x', 'x') ON CONFLICT DO NOTHING",
                    code, kind, fund, use,
                )  # fmt: skip
            entry = uuid4()
            await psql.execute(
                "INSERT INTO journal_entries (id, region, kind, source_id, booked_on,"
                " posting_count) VALUES ($1, '511113', 'appropriation', $1, '2016-03-01', 2)",
                entry,
            )
            await psql.execute(
                "INSERT INTO postings VALUES ($1, $2, -$4::bigint), ($1, $3, $4::bigint)",
                entry, f"fund:{fund}", f"spent:{fund}:{purpose}", amount_fen,
            )  # fmt: skip
    finally:
        await psql.close()


async def test_a_closed_fund_is_never_negative_nor_used_otherwise(claims: Claims) -> None:
    """Goal: the database keeps it, under concurrency and against psql.

    Method: 100.00 in the special fund; ten take 30.00 each at once; then a use outside the four
    (XB-54) and a waiver fund's money for benefits (XB-55).
    """
    await received(claims, "special_fund", "opening", "100.00")
    done = await asyncio.gather(
        *(spend(claims, "special_fund", "check_up", 3_000) for _ in range(10)),
        return_exceptions=True,
    )
    assert [each for each in done if each is None] == [None] * 3
    refused = [each for each in done if each is not None]
    assert all(isinstance(each, asyncpg.CheckViolationError) for each in refused), refused
    assert (await claims.good("GET", "/funds/special_fund"))["balance"] == "10.00"
    for fund, purpose in (("special_fund", "fee_waiver"), ("waiver_fund", "benefits")):
        try:
            await spend(claims, fund, purpose, 1)
        except asyncpg.CheckViolationError as error:
            assert "closed_funds" in str(error)  # noqa: PT017 - two cases, one database
        else:
            raise AssertionError(f"{purpose} was paid from {fund}")


async def test_a_fund_that_runs_out_is_warned_of_once_a_month(
    claims: Claims, clock: FixedClock
) -> None:
    """Goal: the event comes in time, once, and only for money that is known.

    Method: medical aid opens with 700.00; a bill costs it 663.83 two days before: gone in less
    than sixty days; the insurance's money is not booked. Watch on two days, then a month later.
    """
    await received(claims, "medical_aid", "opening", "700.00")
    await claims.deliver(person())
    encounter = await claims.discharged(person_id="p-1")
    await claims.settled(encounter["encounter_id"])
    found = await claims.good("GET", "/funds/medical_aid")
    assert (found["owed"], found["free"], found["pace"]) == ("663.83", "36.17", "7.38")
    assert (found["runs_out_on"], found["warning"]) == ("2016-03-14", True)

    for _ in range(2):
        await watch(claims.context)
    clock.advance(timedelta(days=1))
    await watch(claims.context)
    clock.advance(timedelta(days=29))
    await asyncio.gather(*(watch(claims.context) for _ in range(4)))
    warned = [event for event in await claims.events() if isinstance(event, FundWarned)]
    assert [(each.fund, each.balance, each.owed, each.as_of.month) for each in warned] == [
        ("medical_aid", 70_000, 66_383, 3),
        ("medical_aid", 70_000, 66_383, 4),
    ]
