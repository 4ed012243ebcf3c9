"""A pack's worked examples, written in YAML beside it, and what came out of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources.abc import Traversable
from typing import Any

from services.claims.settlement.domain import settle
from services.claims.settlement.quotes import read_enrolment, read_quote
from services.claims.settlement.tiers import SettlementPack
from services.claims.subsidies.domain import subsidise
from shared.policy.errors import Fault, PackInvalid, Refused
from shared.policy.places import with_lines
from shared.policy.reading import Reader, read_file

CASES_FILE = "cases.yaml"
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
class ExampleResult:
    """``differences`` says, per amount, what was expected and what came out."""

    name: str
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.differences


def load_cases(folder: Traversable) -> list[WorkedExample]:
    """The worked examples of a pack's folder.

    Raises:
        PackInvalid: the file is missing or malformed, with every fault.
    """
    faults: list[Fault] = []
    head = Reader(CASES_FILE, "", read_file(folder, CASES_FILE, faults), faults)
    found = []
    if head.content:
        with head.whole():
            for child in head.children("cases"):
                with child.whole():
                    name, period = child.text("name"), child.day("period")
                    asked, expected = child.child("input"), child.child("expect")
                if period is not None and asked is not None and expected is not None:
                    found.append(WorkedExample(name, period, asked.content, expected.content))
    if faults:
        raise PackInvalid(folder.name, with_lines(faults, folder))
    return found


def run_case(pack: SettlementPack, example: WorkedExample) -> ExampleResult:
    """Calculate one example and compare what it names."""
    try:
        answer = _subsidy(pack, example) if _YEAR in example.input else _bill(pack, example)
    except Refused as refused:
        answer = {_REFUSED: refused.code}
    return ExampleResult(example.name, tuple(_differences("", example.expect, answer)))


def _bill(pack: SettlementPack, example: WorkedExample) -> dict[str, Any]:
    quote = read_quote(example.input, day=example.period)
    result = settle(quote.bill, pack, quote.person, quote.standing, parameters=quote.parameters)
    answer = result.as_breakdown()
    answer["payers"] = {share["payer"]: share["amount"] for share in answer["payers"]}
    answer["rules"] = {step.step: step.rule for step in result.explanation}
    return answer


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


def _differences(at: str, expected: Any, got: Any) -> Iterator[str]:
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        for key, value in expected.items():
            yield from _differences(f"{at}.{key}" if at else str(key), value, got.get(key))
    elif expected != got:
        yield f"{at}: expected {expected}, got {got}"
