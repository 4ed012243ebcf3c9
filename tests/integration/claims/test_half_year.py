"""A half-year cleared end to end in both worlds: what was owed is what was paid, fund by fund."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

from services.claims.ledger import sealing
from shared.clock import FixedClock, business_date
from shared.events.catalog import CategoryPeriod
from shared.money import fen_from_text
from tests.integration.claims.county import DISTRICT, TOWNSHIP, Claims, person

KINDS = ("drug", "drug", "bed", "ct", "registration", "lab", "other")
COUNTY_HOSPITAL = "H21042200101"
RUNS = "/clearing-runs"


class HalfYear:
    """Six months of one county's bills, and the hands that clear them."""

    def __init__(self, claims: Claims, seed: int) -> None:
        self.claims = claims
        self.chance = random.Random(seed)

    async def visit(self, month: str, facility: str, **facts: Any) -> str:
        """A settled bill of some lines; gives the settlement's id."""
        day, claims = self.chance.randint(12, 26), self.claims
        encounter = await claims.opened(
            facility_code=facility,
            person_id=f"p-{self.chance.randint(1, 3)}",
            admitted_at=f"{month}-{day}T09:00:00+08:00",
            **facts,
        )
        path = f"/encounters/{encounter['encounter_id']}"
        lines = [
            {
                "line_no": number,
                "name": "项目",
                "kind": self.chance.choice(KINDS) if number else "drug",
                "catalogue_class": self.chance.choice("AAABC"),
                "amount": f"{self.chance.randint(100, 600_000) / 100:.2f}",
            }
            for number in range(5)
        ]
        await claims.good("POST", f"{path}/charges", {"batch_no": "B1", "lines": lines})
        left = {"discharged_at": f"{month}-{day + 2}T10:00:00+08:00", "diagnoses": ["J18.900"]}
        await claims.good("POST", f"{path}/discharge", left)
        made = await claims.settled(encounter["encounter_id"])
        return str(made["settlement_id"])

    async def step(self, run: dict[str, Any], step: str, client: str, **body: Any) -> Any:
        path = f"{RUNS}/{run['run_id']}/{step}"
        return await self.claims.call("POST", path, body or None, client=client)

    async def refused(self, run: dict[str, Any], *steps: tuple[str, str, str]) -> None:
        """Each of these steps is refused, and the run stays as it was."""
        path = f"{RUNS}/{run['run_id']}"
        before = await self.claims.good("GET", path)
        for step, client, code in steps:
            answer = await self.step(run, step, client)
            assert answer.status_code in {403, 409}, (step, client, answer.text)
            assert answer.json()["code"] == code, (step, client, answer.text)
        assert await self.claims.good("GET", path) == before

    async def collected(self, month: str, **more: Any) -> dict[str, Any]:
        """A run of the month, handed in by its preparer, who may go no further."""
        made: dict[str, Any] = await self.claims.good("POST", RUNS, {"period": month} | more)
        await self.refused(
            made,
            ("approve", "insurer", "clearing_step_not_allowed"),
            ("paid", "insurer", "clearing_step_not_allowed"),
        )
        assert (await self.step(made, "submit", "operator")).status_code == 200
        await self.refused(
            made,
            ("review", "operator", "same_person_twice"),
            (
                "approve",
                "operator",
                "review_skipped" if made["must_be_reviewed"] else "same_person_twice",
            ),
            ("approve", "hospital", "forbidden"),
        )
        return made

    async def totals(self) -> dict[str, tuple[int, int]]:
        """Of each fund what bills cost it, and what was paid, in fen."""
        rows = await self.claims.rows(
            "SELECT fund, sum(due)::bigint AS due, sum(paid)::bigint AS paid FROM ("
            " SELECT payer AS fund, amount_fen AS due, 0 AS paid FROM settlement_payers"
            "  WHERE payer <> 'hospital'"
            " UNION ALL SELECT fund, 0, amount_fen FROM clearing_payments) AS each GROUP BY fund"
        )
        return {row["fund"]: (row["due"], row["paid"]) for row in rows}

    async def end(self, last: str, *funds: str) -> None:
        """Σ paid = Σ payable for each of the funds; nothing is left; the book is whole."""
        totals = await self.totals()
        assert set(totals) >= set(funds)
        assert all(due == paid for due, paid in totals.values()), totals
        assert all(totals[fund][1] > 0 for fund in funds), totals
        balances = await self.claims.balances()
        left = {
            code for code, fen in balances.items()
            if code.startswith(("payer:", "held:")) and fen != "0.00"
        }  # fmt: skip
        assert left == set()
        assert {
            fund: sum(
                fen_from_text(fen) for code, fen in balances.items()
                if code.startswith(f"spent:{fund}:")
            )
            for fund in totals
        } == {fund: paid for fund, (_, paid) in totals.items()}  # fmt: skip
        again = await self.claims.call("POST", RUNS, {"period": last})
        assert again.json()["code"] == "nothing_to_clear"
        async with self.claims.context.db.writing() as session:
            await sealing.seal(session)
        async with self.claims.context.db.reading() as session:
            assert (await sealing.verify(session)).faults == ()


def until(clock: FixedClock, day: date) -> None:
    clock.advance(timedelta(days=(day - business_date(clock.now())).days))


async def registered(claims: Claims) -> None:
    poor = (CategoryPeriod(code="registered_poor", valid_from=date(2014, 1, 1)),)
    for number in range(1, 4):
        await claims.deliver(person(person_id=f"p-{number}", categories=poor))


async def test_the_insurers_of_jinkouhe(claims: Claims, clock: FixedClock) -> None:
    """Goal: six months of the insurers, with deposits held back, parts paid late and a bill taken
    back after it was paid: Σ paid = Σ payable per fund to the fen.

    Method: four stays a month; each month 5 % held back, one part paid first, then the rest, then
    the deposit; a paid bill of January is reversed. Every step out of turn is refused.
    """
    until(clock, date(2016, 7, 10))
    await registered(claims)
    county = HalfYear(claims, 20160630)
    for month in (f"2016-0{number}" for number in range(1, 7)):
        made = [
            await county.visit(month, facility)
            for facility in (DISTRICT, TOWNSHIP, DISTRICT, TOWNSHIP)
        ]
        run = await county.collected(month, deposit_ratio="0.05")
        assert (await county.step(run, "approve", "insurer")).status_code == 200
        first = next(part for part in run["parts"] if part["open"] != "0.00")
        some = {name: first[name] for name in ("facility_code", "fund", "use")}
        for _ in range(2):
            answer = await county.step(
                run, "paid", "insurer", reference="A", payments=[some | {"amount": "0.01"}]
            )
            assert answer.json()["paid"] == "0.01"
        assert (await county.step(run, "paid", "insurer", reference="B")).json()["open"] == "0.00"
        await county.refused(
            run,
            ("paid", "operator", "clearing_step_not_allowed"),
            ("release-deposit", "operator", "same_person_twice"),
        )
        gone = await county.step(run, "cancel", "hospital", reason="test")
        assert gone.json()["code"] == "clearing_step_not_allowed"
        assert (await county.step(run, "release-deposit", "insurer")).status_code == 200
        if month == "2016-01":
            await claims.good("POST", f"/settlements/{made[0]}/reverse", {"reason": "重复"})
    await county.end("2016-06", "basic_insurance", "medical_aid")


async def test_the_special_and_the_waiver_fund_of_xinbin(
    start: Callable[..., Awaitable[Claims]], clock: FixedClock
) -> None:
    """Goal: the closed funds through visits: fed by their own sources, never negative, waivers by
    three hands (XB-28, XB-53 to XB-55); Σ paid = Σ payable per fund to the fen.

    Method: each month a stay with a disease of the national programme and chronic patients' drugs
    at the county hospital; July is to be paid while both funds are empty; then they are fed.
    """
    until(clock, date(2019, 1, 10))
    claims = await start(pack="xinbin-2018")
    await registered(claims)
    county = HalfYear(claims, 20181231)
    income = {"year": 2018, "document": "新政办发〔2018〕50号", "booked_on": "2018-07-10"}
    for month in ("2018-07", "2018-08", "2018-09", "2018-10", "2018-11", "2018-12"):
        await county.visit(month, COUNTY_HOSPITAL, disease_programme="national_94")
        await county.visit(
            month, COUNTY_HOSPITAL, type="chronic_outpatient", disease_programme="chronic_4"
        )
        waivers = await county.collected(month, fund="waiver_fund")
        assert waivers["must_be_reviewed"]
        await county.refused(waivers, ("approve", "poverty-office", "review_skipped"))
        assert (await county.step(waivers, "review", "director")).status_code == 200
        await county.refused(waivers, ("approve", "insurer", "not_your_fund"))
        assert (await county.step(waivers, "approve", "poverty-office")).status_code == 200
        await county.refused(waivers, ("paid", "insurer", "not_your_fund"))
        others = await county.collected(month)
        assert {part["fund"] for part in others["parts"]} >= {"basic_insurance", "special_fund"}
        assert (await county.step(others, "approve", "insurer")).status_code == 200
        if month == "2018-07":
            await county.refused(waivers, ("paid", "poverty-office", "fund_insufficient"))
            await county.refused(others, ("paid", "insurer", "fund_insufficient"))
            await feed(claims, income)
            other_use = {"facility_code": COUNTY_HOSPITAL, "fund": "special_fund",
                         "use": "fee_waiver", "amount": "1.00"}  # fmt: skip
            wrong = await county.step(others, "paid", "insurer", payments=[other_use])
            assert (wrong.status_code, wrong.json()["code"]) == (422, "payment_refused")
        for run, client in ((waivers, "poverty-office"), (others, "insurer")):
            assert (await county.step(run, "paid", client)).json()["status"] == "paid"
    await county.end("2018-12", "special_fund", "waiver_fund", "basic_insurance")
    uses = {code for code in await claims.balances() if code.startswith("spent:special_fund:")}
    assert uses == {"spent:special_fund:severe_illness", "spent:special_fund:chronic_drugs"}
    for fund, fed in (("special_fund", 40_000_000), ("waiver_fund", 5_000_000)):
        _, paid = (await county.totals())[fund]
        held = await claims.good("GET", f"/funds/{fund}")
        assert (fen_from_text(held["balance"]), held["owed"]) == (fed - paid, "0.00")
        assert fed > paid > 0


async def feed(claims: Claims, income: dict[str, Any]) -> None:
    """The surplus feeds the special fund, the poverty office the waiver fund; nobody else does."""
    for fund, how, more in (
        ("basic_insurance", "opening", {"amount": "900000.00"}),
        ("special_fund", "transfers", {"amount": "400000.00", "from_fund": "basic_insurance"}),
        ("waiver_fund", "appropriations", {"amount": "50000.00", "source": "poverty_office"}),
    ):
        await claims.good("POST", f"/funds/{fund}/{how}", income | more)
    for fund, source in (("special_fund", "fiscal"), ("waiver_fund", "civil_affairs")):
        refused = await claims.call(
            "POST", f"/funds/{fund}/appropriations", income | {"amount": "1.00", "source": source}
        )
        assert refused.json()["code"] == "source_not_allowed"
