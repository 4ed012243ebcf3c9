"""Reading a quote's plain mapping (from YAML or JSON) into what the engine is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from services.claims.settlement.bill import (
    ACCUMULATORS,
    Bill,
    BillRefused,
    Evidence,
    Line,
    Person,
    Standing,
    Visit,
)
from services.claims.settlement.explanation import PAYER_NAMES
from services.claims.subsidies.domain import Enrolment
from shared.money import MoneyMalformed, fen_from_text
from shared.policy.errors import Refusal


@dataclass(frozen=True, slots=True)
class Quote:
    """Everything one stateless calculation needs besides the pack."""

    bill: Bill
    person: Person
    standing: Standing
    parameters: Mapping[str, Any]


def read_quote(content: Mapping[str, Any], *, day: date | None = None) -> Quote:
    """Read a quote's body; ``day`` is the visit's day when the body names none.

    Raises:
        BillRefused: unknown or malformed fields, all at once.
    """
    body = _Body("", content)
    visit = body.part("visit")
    person = body.part("person")
    year = body.part("year_to_date")
    evidence = body.part("evidence")
    stated = evidence.part("stated_payments")
    quote = Quote(
        Bill(
            Visit(
                visit.text("type"),
                visit.text("facility_level"),
                visit.flag("in_region", default=True),
                visit.flag("designated", default=True),
                visit.flag("referral", default=False),
                visit.day("admitted_on"),
                visit.day("discharged_on") or day,
                visit.texts("diagnoses"),
                *_programmes(visit),
            ),
            tuple(_line(part) for part in body.parts("lines")),
            Evidence(
                evidence.flag("card_presented", default=False),
                {payer: stated.money(payer) or 0 for payer in stated.known(PAYER_NAMES)},
            ),
        ),
        Person(frozenset(person.texts("categories")), person.text("insurance_plan") or "resident"),
        Standing(**{name: year.money(name) or 0 for name in ACCUMULATORS}),
        dict(body.part("parameters").content),
    )
    body.asked.add("pack")
    refusals = body.all_refusals()
    if refusals:
        raise BillRefused(refusals)
    return quote


def read_enrolment(content: Mapping[str, Any]) -> tuple[Enrolment, Mapping[str, Any]]:
    """Read a subsidy quote's body: the enrolment, and the parameters given for it.

    Raises:
        BillRefused: unknown or malformed fields, all at once.
    """
    body = _Body("", content)
    person = body.part("person")
    enrolment = Enrolment(
        frozenset(person.texts("categories")),
        body.whole_number("insurance_tier"),
        body.whole_number("insurance_year"),
        person.text("poverty_status") or None,
    )
    parameters = dict(body.part("parameters").content)
    body.asked.add("pack")
    refusals = body.all_refusals()
    if refusals:
        raise BillRefused(refusals)
    return enrolment, parameters


def _programmes(visit: _Body) -> tuple[str | None, tuple[str, ...]]:
    """One disease programme, or a list when the visit is in several."""
    if isinstance(visit.content.get("disease_programme"), list):
        first, *further = visit.texts("disease_programme") or (None,)
        return first, tuple(programme for programme in further if programme)
    return visit.text("disease_programme") or None, ()


def _line(part: _Body) -> Line:
    number = part.take("line_no")
    return Line(
        line_no=number if isinstance(number, int | str) else "",
        name=part.text("name"),
        kind=part.text("kind"),
        catalogue_class=part.text("catalogue_class"),
        amount_fen=part.money("amount", required=True) or 0,
        item_code=part.text("item_code"),
        quantity=part.decimal("quantity"),
        unit_price_fen=part.money("unit_price"),
        price_limit_fen=part.money("price_limit"),
        self_first_ratio=part.decimal("self_first_ratio"),
        occurred_on=part.day("occurred_on"),
    )


class _Body:
    """One mapping of the quote; notes what it cannot read and what nobody asked for."""

    def __init__(self, at: str, content: Mapping[str, Any]) -> None:
        self.at = at
        self.content = content
        self.asked: set[str] = set()
        self.refusals: list[Refusal] = []
        self.below: list[_Body] = []

    def _refuse(self, key: str, code: str, message: str, message_zh: str) -> None:
        self.refusals.append(Refusal(code, self._path(key), message, message_zh))

    def _path(self, key: str) -> str:
        return f"{self.at}.{key}" if self.at else key

    def take(self, key: str) -> Any:
        self.asked.add(key)
        return self.content.get(key)

    def known(self, names: Iterable[str]) -> list[str]:
        """Those of the names that are here."""
        return [name for name in names if name in self.content]

    def part(self, key: str) -> _Body:
        value = self.take(key)
        if value is not None and not isinstance(value, Mapping):
            self._refuse(key, "malformed", "this must be an object", "此处应为对象")
            value = None
        part = _Body(self._path(key), value or {})
        if key != "parameters":  # their names are the pack's matter
            self.below.append(part)
        return part

    def parts(self, key: str) -> list[_Body]:
        value = self.take(key)
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            self._refuse(key, "malformed", "this must be a list of objects", "此处应为对象列表")
            return []
        parts = [_Body(f"{self._path(key)}[{i}]", item) for i, item in enumerate(value)]
        self.below.extend(parts)
        return parts

    def text(self, key: str) -> str:
        value = self.take(key)
        if value is not None and not isinstance(value, str):
            self._refuse(key, "malformed", "this must be text", "此处应为文字")
            return ""
        return value or ""

    def whole_number(self, key: str) -> int:
        value = self.take(key)
        if isinstance(value, bool) or not isinstance(value, int):
            self._refuse(key, "malformed", "this must be a whole number", "此处应为整数")
            return 0
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._refuse(key, "malformed", "this must be a list of texts", "此处应为文字列表")
            return ()
        return tuple(value)

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self._refuse(key, "malformed", "this must be true or false", "此处应为 true 或 false")
            return default
        return value

    def day(self, key: str) -> date | None:
        value = self.take(key)
        if isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError:
                value = False
        if value is not None and not isinstance(value, date):
            self._refuse(
                key,
                "malformed_date",
                "write a date such as 2016-03-01",
                "应为日期，例如 2016-03-01",
            )
            return None
        return value

    def money(self, key: str, *, required: bool = False) -> int | None:
        value = self.take(key)
        if value is None and not required:
            return None
        try:
            return fen_from_text(value if isinstance(value, str) else "")
        except MoneyMalformed:
            self._refuse(
                key,
                "malformed_amount",
                'write an amount in CNY as a string, such as "1234.56"',
                '金额应写成字符串，例如 "1234.56"',
            )
            return None

    def decimal(self, key: str) -> Decimal | None:
        value = self.take(key)
        if value is None:
            return None
        try:
            return Decimal(value if isinstance(value, str) else "")
        except InvalidOperation:
            self._refuse(
                key,
                "malformed_number",
                'write a decimal number as a string, such as "0.18"',
                '数字应写成字符串，例如 "0.18"',
            )
            return None

    def all_refusals(self) -> list[Refusal]:
        found = list(self.refusals)
        found += [
            Refusal(
                "unknown_field",
                self._path(str(key)),
                "this field means nothing here; correct its name or remove it",
                "此处不认识该字段；请改正名称或删除",
            )
            for key in self.content
            if key not in self.asked
        ]
        for part in self.below:
            found += part.all_refusals()
        return found
