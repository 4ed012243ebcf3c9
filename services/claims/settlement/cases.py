"""A pack's worked examples, written in YAML beside it, and what came out of each.

A case is one bill (``input`` and ``expect``; an ``insurance_year`` in the input makes it an
enrolment), or several visits of one person (``visits``), each of which starts from the year that
the earlier ones left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from importlib.resources.abc import Traversable
from typing import Any

from services.claims.settlement.bill import Standing
from services.claims.settlement.domain import settle
from services.claims.settlement.quotes import read_enrolment, read_quote
from services.claims.settlement.tiers import SettlementPack
from services.claims.subsidies.domain import subsidise
from shared.money import text_from_fen
from shared.policy.errors import Fault, PackInvalid, Refused
from shared.policy.places import with_lines
from shared.policy.reading import Reader, read_file

CASES_FILE = "cases.yaml"
MAX_CASES = 500
MAX_VISITS = 50
_REFUSED = "refused"
_YEAR = "insurance_year"


@dataclass(frozen=True, slots=True)
class WorkedExample:
    """One bill with the amounts that must come out."""

    name: str
    period: date
    input: Mapping[str, Any]
    expect: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class YearExample:
    """Several visits of one person, in order, and what his year holds after the last."""

    name: str
    period: date
    visits: tuple[WorkedExample, ...]
    expect_year: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """An amount that came out otherwise; ``got`` None: it did not come out at all."""

    field: str
    expected: Any
    got: Any

    def __str__(self) -> str:
        got = "nothing" if self.got is None else self.got
        return f"{self.field}: expected {self.expected}, got {got}"


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """What came out; ``patient_pays``: his own share in CNY, or the refusal's code."""

    name: str
    period: date
    patient_pays: str
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        return not self.differences


def load_cases(folder: Traversable) -> list[WorkedExample | YearExample]:
    """The worked examples of a pack's folder.

    Raises:
        PackInvalid: the file is missing or malformed, with every fault.
    """
    faults: list[Fault] = []
    found = read_cases(folder, faults)
    if faults:
        raise PackInvalid(folder.name, with_lines(faults, folder))
    return found


def read_cases(folder: Traversable, faults: list[Fault]) -> list[WorkedExample | YearExample]:
    """Read the cases' file and note its faults."""
    head = Reader(CASES_FILE, "", read_file(folder, CASES_FILE, faults), faults)
    if not head.content:
        return []
    with head.whole():
        children = head.children("cases")
    if len(children) > MAX_CASES:
        head.fault(
            "cases",
            "too_many",
            f"more than {MAX_CASES} cases; keep those that show a rule",
            f"案例超过 {MAX_CASES} 个；请只保留能说明规则的案例",
        )
        return []
    found: list[WorkedExample | YearExample] = []
    for child in children:
        with child.whole():
            name, period = child.text("name"), child.day("period")
            if period is None:
                for key in child.content:
                    child.raw(str(key))
            elif "visits" in child.content:
                visits = tuple(_visits(child, name, period))
                year = child.child("expect_year", required=False)
                _check_amounts(year)
                found.append(YearExample(name, period, visits, year.content if year else {}))
            else:
                example = _example(child, name, period)
                if example is not None:
                    found.append(example)
    return found


def _example(reader: Reader, name: str, period: date) -> WorkedExample | None:
    asked, expected = reader.child("input"), reader.child("expect")
    _check_amounts(expected)
    if asked is None or expected is None:
        return None
    return WorkedExample(name, period, asked.content, expected.content)


def _visits(reader: Reader, name: str, period: date) -> Iterator[WorkedExample]:
    children = reader.children("visits")
    if not 1 <= len(children) <= MAX_VISITS:
        reader.fault(
            "visits",
            "no_visits",
            f"a year has 1 to {MAX_VISITS} visits",
            f"一个年度案例应有 1 至 {MAX_VISITS} 次就诊",
        )
        return
    for child in children:
        with child.whole():
            day = child.day("period", required=False) or period
            visit = _example(child, name, day)
        if visit is None:
            continue
        if "year_to_date" in visit.input:
            child.fault(
                "input.year_to_date",
                "year_is_carried",
                "the year so far follows from the earlier visits; remove year_to_date",
                "年度累计由前面的就诊得出；请删去 year_to_date",
            )
        yield visit


def _check_amounts(expected: Reader | None) -> None:
    """A bare number is a float in YAML and equals no amount: it would fail without saying why."""
    for path, value in _leaves("", expected.content) if expected is not None else ():
        if isinstance(value, int | float) and expected is not None:
            expected.fault(
                path,
                "not_a_string",
                'write the amount as a string in quotes, such as "991.27"',
                '金额应写成带引号的字符串，例如 "991.27"',
            )


def _leaves(at: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(f"{at}.{key}" if at else str(key), item)
    else:
        yield at, value


def run_case(pack: SettlementPack, example: WorkedExample | YearExample) -> ExampleResult:
    """Calculate one example and compare what it names."""
    if isinstance(example, YearExample):
        return _run_year(pack, example)
    answer, _, _ = _calculated(pack, example, None)
    differences = tuple(_differences("", example.expect, answer))
    own = next(answer[key] for key in ("patient_pays", "person_pays", _REFUSED) if key in answer)
    return ExampleResult(example.name, example.period, str(own), differences)


def _run_year(pack: SettlementPack, example: YearExample) -> ExampleResult:
    standing, year, paid_fen = Standing(), 0, 0
    differences: list[Difference] = []
    for position, visit in enumerate(example.visits):
        if year and visit.period.year != year:
            standing = Standing()
        year = visit.period.year
        answer, after, patient_fen = _calculated(pack, visit, standing)
        differences += _differences(f"visits[{position}]", visit.expect, answer)
        standing, paid_fen = after, paid_fen + patient_fen
    held = {name: text_from_fen(fen) for name, fen in asdict(standing).items()}
    differences += _differences("expect_year", example.expect_year, held)
    return ExampleResult(example.name, example.period, text_from_fen(paid_fen), tuple(differences))


def _calculated(
    pack: SettlementPack, example: WorkedExample, standing: Standing | None
) -> tuple[dict[str, Any], Standing, int]:
    """The answer, the year after the visit, and the patient's share in fen."""
    before = standing or Standing()
    try:
        if _YEAR in example.input:
            return _subsidy(pack, example), before, 0
        quote = read_quote(example.input, day=example.period)
        result = settle(
            quote.bill,
            pack,
            quote.person,
            quote.standing if standing is None else standing,
            parameters=quote.parameters,
        )
    except Refused as refused:
        return {_REFUSED: refused.code}, before, 0
    answer = result.as_breakdown()
    answer["payers"] = {share["payer"]: share["amount"] for share in answer["payers"]}
    answer["rules"] = {step.step: step.rule for step in result.explanation}
    return answer, before.plus(result.consumed), result.patient_pays


def _subsidy(pack: SettlementPack, example: WorkedExample) -> dict[str, Any]:
    if pack.subsidies is None:
        return {_REFUSED: "no_subsidies"}
    enrolment, parameters = read_enrolment(example.input)
    return subsidise(
        enrolment,
        pack.subsidies,
        pack.parameters,
        (pack.valid_from, pack.valid_to),
        overrides=parameters,
    ).as_answer()


def run_cases(pack: SettlementPack, folder: Traversable) -> list[ExampleResult]:
    """Calculate every example of the pack's folder."""
    return [run_case(pack, example) for example in load_cases(folder)]


def _differences(at: str, expected: Any, got: Any) -> Iterator[Difference]:
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        for key, value in expected.items():
            yield from _differences(f"{at}.{key}" if at else str(key), value, got.get(key))
    elif expected != got:
        yield Difference(at, expected, got)
