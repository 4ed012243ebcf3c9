"""FEBRL dataset 4 for the product's own scoring and learning: records, fields, blocking."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any

from services.identity.matching.births import BirthLevel, compare_births
from services.identity.matching.names.latin import (
    CodeLevel,
    TextForm,
    TextLevel,
    compare_codes,
    compare_texts,
    prepare_text,
)
from services.identity.matching.scoring import FieldSpec, Model

SWAPPED = "swapped"
"""The other name's value, exactly."""
SWAPPED_CLOSE = "swapped_close"
"""The other name's value with a slip."""
_TYPED = (TextLevel.EXACT, TextLevel.CLOSE, TextLevel.NEAR)
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Birth:
    """Eight digits as written, and the date where they are one."""

    digits: str
    day: date | None


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the data set, prepared; ``key`` is what the truth is told by."""

    key: str
    given_name: TextForm | None
    surname: TextForm | None
    birth: Birth | None
    suburb: TextForm | None
    postcode: str | None
    street_number: str | None
    address_1: TextForm | None
    address_2: TextForm | None
    state: str | None


def read(row: Mapping[str, Any], key: str) -> Record:
    """Prepare a row; empty and missing values are None."""

    def text(column: str) -> str:
        value = row[column]
        return value.strip() if isinstance(value, str) else ""

    digits = text("date_of_birth")
    return Record(
        key=key,
        given_name=prepare_text(text("given_name")),
        surname=prepare_text(text("surname")),
        birth=Birth(digits, _day(digits)) if digits else None,
        suburb=prepare_text(text("suburb")),
        postcode=text("postcode") or None,
        street_number=text("street_number") or None,
        address_1=prepare_text(text("address_1")),
        address_2=prepare_text(text("address_2")),
        state=text("state") or None,
    )


def _day(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _name(
    own: Callable[[Record], TextForm | None], other: Callable[[Record], TextForm | None]
) -> Callable[[Record, Record], str | None]:
    def compare(asked: Record, registered: Record) -> str | None:
        mine, his = own(asked), own(registered)
        level = compare_texts(mine, his) if mine and his else None
        if level in _TYPED:
            return level
        # Asked for in one direction only, so that one coincidence is counted once.
        return _swapped(mine, other(registered)) or level

    return compare


def _swapped(mine: TextForm | None, others: TextForm | None) -> str | None:
    if mine is None or others is None:
        return None
    level = compare_texts(mine, others)
    if level is TextLevel.EXACT:
        return SWAPPED
    return SWAPPED_CLOSE if level in _TYPED else None


def _births(asked: Record, registered: Record) -> str | None:
    if asked.birth is None or registered.birth is None:
        return None
    if asked.birth.digits == registered.birth.digits:
        return BirthLevel.EXACT
    if asked.birth.day is not None and registered.birth.day is not None:
        return compare_births(asked.birth.day, registered.birth.day)
    # One of them is no date at all, so at least one slip is in it.
    if compare_codes(asked.birth.digits, registered.birth.digits) is CodeLevel.ONE_EDIT:
        return BirthLevel.ONE_DIGIT
    if asked.birth.digits == _day_and_month_exchanged(registered.birth.digits):
        return BirthLevel.SWAPPED
    return BirthLevel.DIFFERS


def _birth_value(registered: Record, level: str) -> str | None:
    """A day on which several are born tells them apart less than one man's own."""
    if registered.birth is None or level != BirthLevel.EXACT:
        return None
    return registered.birth.digits


def _birth_values(registered: Record) -> Iterable[str]:
    return (registered.birth.digits,) if registered.birth is not None else ()


def _day_and_month_exchanged(digits: str) -> str:
    return digits[:4] + digits[6:] + digits[4:6]


def _texts(of: Callable[[Record], TextForm | None]) -> Callable[[Record, Record], str | None]:
    def compare(asked: Record, registered: Record) -> str | None:
        mine, his = of(asked), of(registered)
        return compare_texts(mine, his) if mine and his else None

    return compare


def _codes(of: Callable[[Record], str | None]) -> Callable[[Record, Record], str | None]:
    def compare(asked: Record, registered: Record) -> str | None:
        mine, his = of(asked), of(registered)
        return compare_codes(mine, his) if mine and his else None

    return compare


def _text_field(
    name: str,
    of: Callable[[Record], TextForm | None],
    other: Callable[[Record], TextForm | None] | None = None,
) -> FieldSpec[Record, Record]:
    """A text whose exact agreement weighs by the frequency of the value.

    Args:
        other: of a name, the one with which it may be exchanged.
    """

    def value(registered: Record, level: str) -> str | None:
        if level == TextLevel.EXACT:
            form = of(registered)
            return form.folded if form is not None else None
        if level == SWAPPED and other is not None:
            form = other(registered)
            return "~" + form.folded if form is not None else None
        return None

    def values(registered: Record) -> Iterator[str]:
        form = of(registered)
        if form is not None:
            yield form.folded
        exchanged = other(registered) if other is not None else None
        if exchanged is not None:
            yield "~" + exchanged.folded

    compare = _texts(of) if other is None else _name(of, other)
    levels = tuple(TextLevel) if other is None else _NAME_LEVELS
    return FieldSpec(name, tuple(str(level) for level in levels), compare, value, values)


_NAME_LEVELS = (*_TYPED, SWAPPED, SWAPPED_CLOSE, TextLevel.OVERLAP, TextLevel.DIFFERS)


def _given_name(record: Record) -> TextForm | None:
    return record.given_name


def _surname(record: Record) -> TextForm | None:
    return record.surname


def _code_field(name: str, of: Callable[[Record], str | None]) -> FieldSpec[Record, Record]:
    return FieldSpec(name, tuple(str(level) for level in CodeLevel), _codes(of))


FIELDS: dict[str, FieldSpec[Record, Record]] = {
    spec.name: spec
    for spec in (
        _text_field("given_name", _given_name, _surname),
        _text_field("surname", _surname, _given_name),
        FieldSpec(
            "date_of_birth",
            tuple(str(level) for level in BirthLevel),
            _births,
            _birth_value,
            _birth_values,
        ),
        _text_field("suburb", lambda record: record.suburb),
        _code_field("postcode", lambda record: record.postcode),
        _code_field("street_number", lambda record: record.street_number),
        _text_field("address_1", lambda record: record.address_1),
        _text_field("address_2", lambda record: record.address_2),
        _code_field("state", lambda record: record.state),
    )
}


def model_of(names: Sequence[str]) -> Model[Record, Record]:
    """The model of some of the fields."""
    return Model("febrl:" + "+".join(names), tuple(FIELDS[name] for name in names))


def block(
    asked: Sequence[Record],
    registered: Sequence[Record],
    keys: Callable[[Record], Iterable[tuple[str, ...]]],
    *,
    most: int = 200,
) -> set[tuple[int, int]]:
    """Pairs that share a key; keys that more than ``most`` records share are left out."""
    filed: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, record in enumerate(registered):
        for key in set(keys(record)):
            filed[key].append(place)
    pairs: set[tuple[int, int]] = set()
    for place, record in enumerate(asked):
        for key in set(keys(record)):
            found = filed.get(key, ())
            if len(found) <= most:
                pairs.update((place, other) for other in found)
    return pairs


def birth_keys(record: Record) -> Iterator[tuple[str, ...]]:
    """The birth date as written."""
    if record.birth is not None:
        yield ("birth", record.birth.digits)


def full_name_keys(record: Record) -> Iterator[tuple[str, ...]]:
    """Both names, in whatever order."""
    if record.given_name is not None and record.surname is not None:
        yield ("names", *sorted((record.given_name.folded, record.surname.folded)))


def place_keys(record: Record) -> Iterator[tuple[str, ...]]:
    """The suburb and what else there is of the address."""
    if record.suburb is not None:
        yield ("suburb", record.suburb.folded)


def candidate_keys(names: Sequence[str]) -> Callable[[Record], Iterator[tuple[str, ...]]]:
    """Every key by which two records may meet, using the given fields alone."""

    def keys(record: Record) -> Iterator[tuple[str, ...]]:
        yield from birth_keys(record)
        yield from full_name_keys(record)
        parts = list(_birth_parts(record))
        words = [form.folded for form in (record.given_name, record.surname) if form is not None]
        for word in words:
            yield ("name", word)
            for part in parts:
                yield ("name start", word[:2], *part)
        starts = sorted(word[:3] for word in words)
        ends = sorted(word[-3:] for word in words)
        if len(words) == 2:
            yield ("starts", *starts)
            yield ("ends", *ends)
        if "suburb" in names:
            yield from place_keys(record)
        if "address_1" in names and record.address_1 is not None:
            yield ("street", record.address_1.folded)
        if "postcode" in names and record.postcode and record.street_number:
            yield ("house", record.postcode, record.street_number)

    return keys


def _birth_parts(record: Record) -> Iterator[tuple[str, ...]]:
    """Halves of a birth date: a slip leaves some of them as they were."""
    if record.birth is None or len(record.birth.digits) != _DIGITS:
        return
    year, month, day = (
        record.birth.digits[:4], record.birth.digits[4:6], record.birth.digits[6:],
    )  # fmt: skip
    for (one, first), (other, second) in combinations(
        (("year", year), ("month", month), ("day", day)), 2
    ):
        yield (one, first, other, second)
