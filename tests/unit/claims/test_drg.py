"""A case's price by its group, by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from services.claims.drg.domain import Case, Pilot, case_mix, kind_of, price

PILOT = Pilot(
    uuid4(), "511113", date(2016, 1, 1), "d", ("A",),
    {"ES15": Decimal("0.85"), "GB15": Decimal("1.5")}, 980_000, {"B": Decimal("1.1")},
    {"tertiary": Decimal(3), "secondary": Decimal(2)}, Decimal("0.05"), Decimal("0.30"),
)  # fmt: skip


def case(number: int, cost: int, **more: object) -> Case:
    standard = PILOT.standard_fen("ES15", "A")
    usual = Case(
        UUID(int=number), "A", "secondary", "ES15", Decimal("0.85"), standard, cost, 80_000,
        Decimal("0.75"), int((cost - 80_000) * Decimal("0.75")),
        kind_of(PILOT, "secondary", cost, standard),
    )  # fmt: skip
    return replace(usual, **more)


def test_the_worked_example() -> None:
    """Goal: 0.85 × 9,800 against a cost of 9,000. Method: the standards' example."""
    one = case(1, 900_000)
    (priced,) = price([one], PILOT.high_share)
    assert one.standard_fen == 833_000
    assert (priced.paid_by, priced.fund_fen, priced.difference_fen) == ("group", 564_750, -50_250)
    patient = one.cost_fen - one.by_item_fen
    assert patient == 285_000
    assert priced.fund_fen + patient - one.cost_fen == -50_250
    assert PILOT.standard_fen("GB15", "B") == 1_617_000


def test_outliers_by_their_bounds_and_share() -> None:
    """Goal: low ones by item, of the high ones only 5 in 100. Method: 20 usual, 2 high, 1 low."""
    standard = PILOT.standard_fen("ES15", "A")
    assert kind_of(PILOT, "secondary", 2 * standard, standard) == "standard"
    assert kind_of(PILOT, "secondary", 2 * standard + 1, standard) == "high"
    assert kind_of(PILOT, "tertiary", 2 * standard + 1, standard) == "standard"
    assert kind_of(PILOT, "secondary", 249_900, standard) == "standard"
    assert kind_of(PILOT, "secondary", 249_899, standard) == "low"
    cases = [case(number, 900_000) for number in range(20)]
    cases += [case(30, 2_000_000), case(31, 3_000_000), case(40, 100_000)]
    priced = {each.case.settlement_id.int: each for each in price(cases, PILOT.high_share)}
    assert [priced[number].paid_by for number in (0, 30, 31, 40)] == [
        "group", "group", "item", "item",
    ]  # fmt: skip
    assert priced[31].difference_fen == priced[40].difference_fen == 0
    assert case_mix(cases) == Decimal("0.8500")
    assert case_mix([]) is None
