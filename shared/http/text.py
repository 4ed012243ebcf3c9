"""Text that cannot be stored: NUL characters and lone surrogates (PostgreSQL refuses both)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from shared.http.problem import FieldFault, Unprocessable

_MAX_FAULTS = 20
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SUSPECT_JSON = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\xed[\xa0-\xbf]")
"""A NUL or surrogate can only come into JSON text in one of these ways."""
_SAFE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


class TextNotStorable(Unprocessable):
    code = "text_not_storable"
    title = "A text holds characters that cannot be stored"
    title_zh = "文本中含有无法保存的字符"


def may_hold_unstorable(body: bytes) -> bool:
    """A cheap look at raw JSON: false means that no text in it is unstorable."""
    return _SUSPECT_JSON.search(body) is not None


def storable(text: str) -> bool:
    return _UNSTORABLE.search(text) is None


def refuse_unstorable(document: Any) -> None:
    """Check every text of a parsed JSON document or a plain dict.

    Raises:
        TextNotStorable: naming the fields, never their content.
    """
    faults = []
    for field in _unstorable_fields(document, ()):
        faults.append(unstorable_fault(field))
        if len(faults) == _MAX_FAULTS:
            break
    if faults:
        raise TextNotStorable("take out NUL characters and unpaired surrogates", errors=faults)


def unstorable_fault(field: str) -> FieldFault:
    return FieldFault(
        field,
        "text_not_storable",
        "the text holds a NUL character or an unpaired surrogate: take it out",
        "文本中含有空字符(NUL)或不完整的字符编码，请去掉后重试",
    )


def field_path(parts: tuple[Any, ...]) -> str:
    """``visit.lines[0].amount``; a part that is not a plain name may be data and is hidden."""
    shown = ""
    for part in parts:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            name = str(part) if _SAFE_NAME.fullmatch(str(part)) else "…"
            shown += f".{name}" if shown else name
    return shown or "body"


def _unstorable_fields(value: Any, path: tuple[Any, ...]) -> Iterator[str]:
    # A stack instead of recursion: the document's depth is the client's choice.
    stack: list[tuple[Any, tuple[Any, ...]]] = [(value, path)]
    while stack:
        current, where = stack.pop()
        if isinstance(current, str):
            if not storable(current):
                yield field_path(where)
        elif isinstance(current, dict):
            for name, inner in current.items():
                if not storable(str(name)):
                    yield field_path((*where, "…"))
                stack.append((inner, (*where, name)))
        elif isinstance(current, list):
            stack.extend((inner, (*where, number)) for number, inner in enumerate(current))
