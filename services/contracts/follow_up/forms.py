"""The forms of measurements, read from ``forms.yaml`` once, and the checks on what is entered.

An *impossible* value (a systolic pressure of 1400) is a slip and is refused; an *unlikely* one is
kept only when the one who enters it names its field as confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any

from shared.content import read_yaml
from shared.http.problem import FieldFault

Values = Mapping[str, Any]
"""Numbers as Decimal, words as text, yes or no as bool."""


@dataclass(frozen=True, slots=True)
class Field:
    """One measurement of a form."""

    name: str
    zh: str
    en: str
    unit: str = ""
    required: bool = False
    possible: tuple[Decimal, Decimal] | None = None
    likely: tuple[Decimal, Decimal] | None = None
    words: tuple[str, ...] = ()
    yes_no: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    code: str
    fields: Mapping[str, Field]
    thresholds: Mapping[str, Decimal]


@lru_cache(maxsize=1)
def forms() -> Mapping[str, Form]:
    """Every form by its code."""
    text = files("services.contracts.follow_up").joinpath("forms.yaml").read_text("utf-8")
    return {
        code: Form(
            code,
            {name: _field(name, told) for name, told in content["fields"].items()},
            {name: Decimal(str(value)) for name, value in content["thresholds"].items()},
        )
        for code, content in read_yaml(text).items()
    }


def _field(name: str, told: Mapping[str, Any]) -> Field:
    return Field(
        name=name,
        zh=told["zh"],
        en=told["en"],
        unit=told.get("unit", ""),
        required=told.get("required", False),
        possible=_range(told.get("possible")),
        likely=_range(told.get("likely")),
        words=tuple(told.get("words", ())),
        yes_no=told.get("yes_no", False),
        whole=told.get("whole", False),
    )


def _range(told: Sequence[Any] | None) -> tuple[Decimal, Decimal] | None:
    return (Decimal(str(told[0])), Decimal(str(told[1]))) if told else None


@dataclass(frozen=True, slots=True)
class Checked:
    """What was entered, and what stands against keeping it."""

    values: dict[str, Any]
    faults: tuple[FieldFault, ...]
    """Missing, malformed or impossible: refused."""
    unlikely: tuple[FieldFault, ...]
    """Kept only once confirmed."""


def check(form: Form, entered: Mapping[str, Any], confirmed: frozenset[str]) -> Checked:
    """Read the entered measurements by the form.

    Args:
        form: of the programme.
        entered: as sent; unknown names are faults.
        confirmed: fields whose unlikely value was looked at again.
    """
    values: dict[str, Any] = {}
    faults: list[FieldFault] = []
    unlikely: list[FieldFault] = []
    for name in entered:
        if name not in form.fields:
            known = ", ".join(form.fields)
            faults.append(
                FieldFault(
                    "measurements",
                    "unknown_measurement",
                    f"a measurement is not on this form; it has: {known}",
                    f"有测量项目不在此表中；本表项目: {known}",
                )
            )
    for name, field in form.fields.items():
        raw = entered.get(name)
        if raw is None:
            if field.required:
                faults.append(_fault(field, "missing", "is needed", "必填"))
            continue
        value = _value(field, raw, faults)
        if value is None:
            continue
        values[name] = value
        if field.possible and not field.possible[0] <= value <= field.possible[1]:
            low, high = field.possible
            faults.append(
                _fault(
                    field,
                    "impossible",
                    f"cannot be; between {low} and {high} {field.unit} is possible: measure again",
                    f"不可能；可能范围 {low}-{high} {field.unit}，请重新测量或核对",
                )
            )
        elif field.likely and not field.likely[0] <= value <= field.likely[1]:
            low, high = field.likely
            if name not in confirmed:
                unlikely.append(
                    _fault(
                        field,
                        "unlikely",
                        f"is rarely outside {low} to {high} {field.unit}; look again and, if it is"
                        f" right, send it with confirmed: ['{name}']",
                        f"少见(通常 {low}-{high} {field.unit})；请核对，确认无误后在 confirmed 中"
                        f"注明 {name}",
                    )
                )
    _together(form, values, faults)
    return Checked(values, tuple(faults), tuple(unlikely))


def _value(field: Field, raw: Any, faults: list[FieldFault]) -> Any:
    if field.yes_no:
        if isinstance(raw, bool):
            return raw
        faults.append(_fault(field, "not_yes_no", "must be true or false", "应为 true 或 false"))
        return None
    if field.words:
        if raw in field.words:
            return raw
        listed = ", ".join(field.words)
        faults.append(_fault(field, "unknown_word", f"is one of: {listed}", f"应为: {listed}"))
        return None
    number: Decimal | None = None
    if not isinstance(raw, bool) and isinstance(raw, int | float | str):
        try:
            number = Decimal(str(raw))
        except ArithmeticError:
            number = None
    if number is None or not number.is_finite() or (field.whole and number != int(number)):
        faults.append(_fault(field, "not_a_number", "must be a number", "应为数字"))
        return None
    return number


def _together(form: Form, values: Mapping[str, Any], faults: list[FieldFault]) -> None:
    """What two values say of each other."""
    if "sbp" in values and "dbp" in values and values["sbp"] <= values["dbp"]:
        faults.append(
            _fault(
                form.fields["sbp"],
                "impossible",
                "must be above the diastolic one: they may have been exchanged",
                "应高于舒张压；可能填反",
            )
        )
    if "doses_taken" in values and values["doses_taken"] > values.get("doses_due", Decimal(10**6)):
        faults.append(
            _fault(
                form.fields["doses_taken"],
                "impossible",
                "cannot be more than the doses due",
                "不能多于应服次数",
            )
        )


def _fault(field: Field, code: str, message: str, message_zh: str) -> FieldFault:
    return FieldFault(
        f"measurements.{field.name}", code, f"{field.en} {message}", f"{field.zh}{message_zh}"
    )


def plain(values: Values) -> dict[str, Any]:
    """The values as JSON keeps them: whole numbers whole, others as floats."""
    return {
        name: (int(value) if value == int(value) else float(value))
        if isinstance(value, Decimal)
        else value
        for name, value in values.items()
    }
