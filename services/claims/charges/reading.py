"""From the lines a client sent to the engine's lines, and what is wrong with them."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Sequence

from services.claims.charges.schemas import LineRequest
from services.claims.settlement.bill import Line, lines_refusals
from shared.policy.errors import Refusal

_FEN_PER_YUAN = 100
_CONTROL = frozenset({"Cc", "Cf", "Zl", "Zp"})


def lines_of(sent: Sequence[LineRequest]) -> tuple[Line, ...]:
    """The engine's lines: amounts in fen, unit prices perhaps in parts of a fen."""
    return tuple(
        Line(
            line_no=line.line_no,
            name=line.name,
            kind=line.kind,
            catalogue_class=line.catalogue_class,
            amount_fen=int(line.amount),
            item_code=line.item_code or "",
            quantity=line.quantity,
            unit_price_fen=None if line.unit_price is None else line.unit_price * _FEN_PER_YUAN,
            price_limit_fen=None if line.price_limit is None else int(line.price_limit),
            self_first_ratio=line.self_first_ratio,
            occurred_on=line.occurred_on,
        )
        for line in sent
    )


def refusals_of_lines(lines: tuple[Line, ...]) -> list[Refusal]:
    """Everything wrong with the lines, at once: the engine's checks and the names' characters."""
    return lines_refusals(lines) + [
        Refusal(
            "control_character",
            f"lines[{position}].{name}",
            "the text holds a control character; send plain text",
            "文本含有控制字符；请改为普通文本",
        )
        for position, line in enumerate(lines)
        for name, text in (("name", line.name), ("item_code", line.item_code))
        if any(unicodedata.category(character) in _CONTROL for character in text)
    ]


def content_hash(sent: Sequence[LineRequest]) -> bytes:
    """SHA-256 of the lines' meaning: spaces, field order and ``null`` make no difference."""
    content = [line.model_dump(mode="json", exclude_none=True) for line in sent]
    for line in content:
        line["line_no"] = str(line["line_no"])
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).digest()
