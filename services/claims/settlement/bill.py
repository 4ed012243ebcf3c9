"""What the engine is asked: a visit with its lines, a person, a year so far.

Amounts are integer fen, ratios and quantities ``Decimal``. The field paths in refusals are those
of the quote contract (``lines[2].amount``), whoever calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal

from services.claims.settlement.explanation import PAYER_NAMES
from shared.money import MAX_FEN, times
from shared.policy.errors import Refusal, Refused

VISIT_TYPES = frozenset({"outpatient", "inpatient", "chronic_outpatient", "emergency"})
LEVELS = ("village", "township", "primary", "secondary", "tertiary", "unrated")
LINE_KINDS = frozenset(
    {
        "registration",
        "consultation",
        "injection",
        "physical_cooling",
        "ct",
        "mri",
        "bed",
        "surgery",
        "lab",
        "drug",
        "material",
        "implant",
        "other",
    }
)
CATALOGUE_CLASSES = frozenset({"A", "B", "C"})
CATEGORIES = frozenset(
    {
        "registered_poor",
        "registered_poor_lifted",
        "destitute",
        "subsistence",
        "orphan",
        "low_income",
        "illness_impoverished_severe",
        "severely_disabled",
        "marginal",
    }
)
DISEASE_PROGRAMMES = frozenset({"major_14", "serious_34", "national_94", "chronic_4"})

MAX_LINES = 10_000
MAX_LINE_FEN = 10**10
"""One hundred million CNY in one line is a typing error."""
MAX_QUANTITY = Decimal(10**6)
MAX_DECIMALS = 6
_ZERO = Decimal(0)
_ONE = Decimal(1)


class BillRefused(Refused):
    """The bill cannot be settled as given; every fault of it is listed."""

    default_code = "bill_refused"


class PackDoesNotCover(Refused):
    """The pack is not in force on the day that decides (discharge, or the visit's day)."""

    default_code = "pack_does_not_cover"

    def __init__(self, pack: str, day: date, valid_from: date, valid_to: date | None) -> None:
        last = valid_to.isoformat() if valid_to else "open"
        last_zh = valid_to.isoformat() if valid_to else "今"
        super().__init__(
            [
                Refusal(
                    "pack_does_not_cover",
                    "visit.discharged_on",
                    f"the pack {pack} is in force from {valid_from} to {last}, not on {day};"
                    " choose the pack of that day or correct the date",
                    f"政策包 {pack} 适用于 {valid_from} 至{last_zh}，不含 {day}；请改用当日适用的政策包或改正日期",
                )
            ]
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill.

    ``unit_price_fen`` may carry parts of a fen. ``price_limit_fen`` is per unit.
    ``self_first_ratio`` overrides the class's share and is required for implants (JK-05).
    """

    line_no: int | str
    name: str
    kind: str
    catalogue_class: str
    amount_fen: int
    item_code: str = ""
    quantity: Decimal | None = None
    unit_price_fen: int | Decimal | None = None
    price_limit_fen: int | None = None
    self_first_ratio: Decimal | None = None
    occurred_on: date | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """Where, how and when. ``in_region`` means the insured's own region."""

    type: str
    facility_level: str
    in_region: bool = True
    designated: bool = True
    referral: bool = False
    admitted_on: date | None = None
    discharged_on: date | None = None
    diagnoses: tuple[str, ...] = ()
    disease_programme: str | None = None
    further_programmes: tuple[str, ...] = ()

    @property
    def programmes(self) -> tuple[str, ...]:
        """Every disease programme of the visit; the pack's order says which of them pays."""
        if self.disease_programme is None:
            return self.further_programmes
        return (self.disease_programme, *self.further_programmes)

    @property
    def day(self) -> date | None:
        """The day whose rules apply: discharge for a stay, the visit's own day otherwise."""
        if self.discharged_on is not None or self.type == "inpatient":
            return self.discharged_on
        return self.admitted_on


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was shown or told for this visit.

    ``stated_payments`` are the shares (fen, by payer) of schemes that settle on their own account
    and told theirs, such as a commercial insurer (JK-82).
    """

    card_presented: bool = False
    stated_payments: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bill:
    visit: Visit
    lines: tuple[Line, ...]
    evidence: Evidence = Evidence()


@dataclass(frozen=True, slots=True)
class Person:
    """The categories in force on the visit's date; none makes an ordinary resident."""

    categories: frozenset[str] = frozenset()
    insurance_plan: str = "resident"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the person's year holds per benefit, in fen; also what one visit adds to it.

    ``outpatient_base_used`` counts cost or fund money, as the pack's ``outpatient.cap_basis`` says.
    """

    critical_illness_burden: int = 0
    critical_illness_paid: int = 0
    basic_paid: int = 0
    medical_aid_paid: int = 0
    outpatient_base_used: int = 0
    chronic_drug_fund_paid: int = 0
    special_fund_paid: int = 0

    def plus(self, other: Standing) -> Standing:
        """The year after a visit, or two visits' movements together."""
        return Standing(*(getattr(self, n) + getattr(other, n) for n in ACCUMULATORS))

    def minus(self, other: Standing) -> Standing:
        """The year after a visit's movements were reversed."""
        return Standing(*(getattr(self, n) - getattr(other, n) for n in ACCUMULATORS))


ACCUMULATORS = tuple(benefit.name for benefit in fields(Standing))


def refusals_of(bill: Bill, person: Person, standing: Standing) -> list[Refusal]:
    """Everything wrong with the request itself, whatever the pack."""
    found = list(_visit_refusals(bill.visit))
    found += _person_refusals(person)
    found += [
        Refusal(
            "negative_amount",
            f"year_to_date.{name}",
            "the year's amount is negative; correct it",
            "年度累计金额为负；请改正",
        )
        for name in ACCUMULATORS
        if getattr(standing, name) < 0
    ]
    for payer, amount_fen in bill.evidence.stated_payments.items():
        found += _one_of("evidence.stated_payments", payer, frozenset(PAYER_NAMES))
        found += _amount_refusals(f"evidence.stated_payments.{payer}", amount_fen)
    found += lines_refusals(bill.lines)
    return found


def _one_of(field: str, value: str, allowed: frozenset[str] | tuple[str, ...]) -> Iterator[Refusal]:
    if value not in allowed:
        listed = ", ".join(sorted(allowed))
        yield Refusal(
            "unknown_value",
            field,
            f"write one of: {listed}",
            f"应为以下之一: {listed}",
        )


def _visit_refusals(visit: Visit) -> Iterator[Refusal]:
    yield from _one_of("visit.type", visit.type, VISIT_TYPES)
    yield from _one_of("visit.facility_level", visit.facility_level, LEVELS)
    for programme in visit.programmes:
        yield from _one_of("visit.disease_programme", programme, DISEASE_PROGRAMMES)
    if visit.day is None:
        yield Refusal(
            "missing_date",
            "visit.discharged_on",
            "the day of discharge (for an outpatient, of the visit) is missing; state it",
            "缺少出院日期(门诊为就诊日期)；请填写",
        )
    elif visit.admitted_on is not None and visit.admitted_on > visit.day:
        yield Refusal(
            "dates_reversed",
            "visit.discharged_on",
            "the discharge lies before the admission; correct the dates",
            "出院日期早于入院日期；请改正",
        )


def _person_refusals(person: Person) -> Iterator[Refusal]:
    for code in sorted(person.categories):
        yield from _one_of("person.categories", code, CATEGORIES)


def lines_refusals(lines: tuple[Line, ...]) -> list[Refusal]:
    """Everything wrong with the lines; empty when each can stand in a bill.

    A line's amount must equal quantity times unit price, half-up, when both are given
    (settlement.md, section 1).
    """
    if not lines:
        return [
            Refusal(
                "no_lines",
                "lines",
                "the bill has no line; add what was charged",
                "账单没有明细；请补充收费项目",
            )
        ]
    if len(lines) > MAX_LINES:
        return [
            Refusal(
                "too_many_lines",
                "lines",
                f"the bill has more than {MAX_LINES} lines; check the export",
                f"账单明细超过 {MAX_LINES} 行；请检查导出",
            )
        ]
    found: list[Refusal] = []
    seen: set[str] = set()
    total = 0
    for position, line in enumerate(lines):
        key = str(line.line_no)
        if key in seen:
            found.append(
                Refusal(
                    "duplicate_line_no",
                    f"lines[{position}].line_no",
                    "another line has this number; number each line once",
                    "行号重复；每行应有不同的行号",
                )
            )
        seen.add(key)
        total += line.amount_fen
        if not _sound(line):
            found.extend(_line_refusals(position, line))
    if not found and total > MAX_FEN:
        found.append(
            Refusal(
                "amount_too_large",
                "lines",
                "the lines add up to more than a hundred billion CNY; check the unit",
                "明细合计超过一千亿元；请检查单位",
            )
        )
    return found


def _sound(line: Line) -> bool:
    """The quick look at the usual line; a line that fails it is examined word by word."""
    return (
        line.kind in LINE_KINDS
        and line.catalogue_class in CATALOGUE_CLASSES
        and 0 <= line.amount_fen <= MAX_LINE_FEN
        and line.quantity is None
        and line.unit_price_fen is None
        and line.price_limit_fen is None
        and line.self_first_ratio is None
    )


def _line_refusals(position: int, line: Line) -> Iterator[Refusal]:
    at = f"lines[{position}]"
    yield from _one_of(f"{at}.kind", line.kind, LINE_KINDS)
    yield from _one_of(f"{at}.catalogue_class", line.catalogue_class, CATALOGUE_CLASSES)
    yield from _amount_refusals(f"{at}.amount", line.amount_fen)
    quantity, price = line.quantity, line.unit_price_fen
    if quantity is not None and not _plain(quantity, lambda q: _ZERO < q <= MAX_QUANTITY):
        yield Refusal(
            "malformed_quantity",
            f"{at}.quantity",
            f"the quantity must be above 0, at most {MAX_QUANTITY}, with at most six decimals",
            f"数量应大于 0、不超过 {MAX_QUANTITY}，最多六位小数",
        )
        quantity = None
    if price is not None and not _plain(Decimal(price), lambda p: _ZERO <= p <= MAX_LINE_FEN):
        yield Refusal(
            "malformed_unit_price",
            f"{at}.unit_price",
            "the unit price must not be negative or beyond a hundred million CNY",
            "单价不得为负，也不得超过一亿元",
        )
        price = None
    stated = quantity is not None and price is not None
    if stated and times(1, Decimal(price or 0) * (quantity or _ZERO)) != line.amount_fen:
        yield Refusal(
            "amount_mismatch",
            f"{at}.amount",
            "the amount is not quantity × unit price, rounded half-up to the fen; correct one"
            " of the three",
            "金额不等于数量 × 单价(四舍五入到分)；请改正三者之一",
        )
    if line.price_limit_fen is not None:
        yield from _amount_refusals(f"{at}.price_limit", line.price_limit_fen)
    ratio = line.self_first_ratio
    if ratio is not None and not _plain(ratio, lambda r: _ZERO <= r <= _ONE):
        yield Refusal(
            "self_first_ratio_out_of_range",
            f"{at}.self_first_ratio",
            'the self-first share must lie from "0" to "1", with at most six decimals',
            '先行自付比例应在 "0" 到 "1" 之间，最多六位小数',
        )


def _amount_refusals(field: str, amount_fen: int) -> Iterator[Refusal]:
    if amount_fen < 0:
        yield Refusal(
            "negative_amount",
            field,
            "the amount is negative; take a charge back by removing its batch instead",
            "金额为负；如需退费，请删除该批收费",
        )
    elif amount_fen > MAX_LINE_FEN:
        yield Refusal(
            "amount_too_large",
            field,
            "the amount is beyond a hundred million CNY; check the unit",
            "金额超过一亿元；请检查单位",
        )


def _plain(value: Decimal, within: Callable[[Decimal], bool]) -> bool:
    """A finite number inside its range that carries no more decimals than we keep."""
    if not value.is_finite() or not within(value):
        return False
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -MAX_DECIMALS
