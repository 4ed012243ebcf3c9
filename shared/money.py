"""Money as integer fen (1 CNY = 100 fen) inside, as a two-decimal string outside.

Floats never touch money. Every product is rounded half-up (away from zero) to the fen at the
step that a policy document names; sums are exact (settlement.md, "Rounding").
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema


class Fen(int):
    """An amount in fen. May be negative only in a reversal.

    A marker for the border: a pydantic ``Money`` field takes ``Fen(123456)`` from Python code and
    ``"1234.56"`` from the wire, and refuses a bare number, which could mean either.
    Arithmetic gives plain ints; wrap the result again where it meets a ``Money`` field.
    """


MAX_FEN = 10**13
"""One hundred billion CNY: no bill, fund or county figure is larger; more is a typing error."""

_MONEY = re.compile(r"-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,2})?")


class MoneyMalformed(ValueError):
    """The text is not an amount of money."""


def fen_from_text(text: str) -> int:
    """Read ``"1234.56"`` as 123456 fen.

    Raises:
        MoneyMalformed: not a decimal amount with at most two decimals.
    """
    if not _MONEY.fullmatch(text):
        message = 'write an amount in CNY as a string with at most two decimals, such as "1234.56"'
        raise MoneyMalformed(message)
    return int(Decimal(text) * 100)


def text_from_fen(amount_fen: int) -> str:
    """Write 123456 fen as ``"1234.56"``."""
    sign = "-" if amount_fen < 0 else ""
    yuan, fen = divmod(abs(amount_fen), 100)
    return f"{sign}{yuan}.{fen:02d}"


def times(amount_fen: int, ratio: Decimal) -> int:
    """Multiply an amount (fen) by a ratio, rounded half-up (away from zero) to the fen."""
    return int((Decimal(amount_fen) * ratio).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _parse(value: Any) -> Fen:
    if isinstance(value, Fen):
        return value
    if not isinstance(value, str):
        message = 'write an amount in CNY as a string with at most two decimals, such as "1234.56"'
        raise MoneyMalformed(message)
    return Fen(fen_from_text(value))


Money = Annotated[
    Fen,
    PlainValidator(_parse),
    PlainSerializer(text_from_fen, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,2})?$",
            "examples": ["1234.56"],
        }
    ),
]
"""A pydantic field: ``"1234.56"`` (CNY) on the wire, ``Fen(123456)`` in Python."""


def ratio_text(numerator: int, denominator: int, places: int = 4) -> str | None:
    """A share as a decimal string, half-up; None when the denominator is 0 ("not applicable")."""
    if denominator == 0:
        return None
    step = Decimal(1).scaleb(-places)
    value = (Decimal(numerator) / Decimal(denominator)).quantize(step, rounding=ROUND_HALF_UP)
    return str(value)
