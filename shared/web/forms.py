"""What clerks write into fields, read as the services' requests want it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation

from shared.clock import SHANGHAI
from shared.http.faults import in_a_form
from shared.http.problem import FieldFault
from shared.web.kit import Said

_THOUSANDS = re.compile(r"(?<=\d)[, ](?=\d{3}\b)")


def plain_text(text: str) -> str:
    """Full-width letters and digits as plain ones, without spaces at the ends."""
    return unicodedata.normalize("NFKC", text).strip()


def plain_number(text: str) -> str:
    """``１,234.50 元`` → ``1234.50``; what is no number stays, to be refused with its field."""
    tidy = plain_text(text).removeprefix("¥").removesuffix("元").strip()
    return _THOUSANDS.sub("", tidy)


def ratio_of_percent(text: str) -> str | None:
    """``18`` or ``18%`` → ``"0.18"``; None: no number."""
    try:
        share = Decimal(plain_number(text).removesuffix("%").strip()) / 100
    except InvalidOperation:
        return None
    return f"{share.normalize():f}" if share.is_finite() else None


def local_moment(text: str) -> datetime | None:
    """A ``datetime-local`` field, in Asia/Shanghai; None: not a time."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=SHANGHAI)


def as_local(moment: datetime) -> str:
    """A moment as a ``datetime-local`` field holds it."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")


def at_fields(faults: Sequence[FieldFault], names: Mapping[str, str]) -> dict[str, Said]:
    """Faults by the form's fields, in words for people; ``diagnoses[2]`` stands at the one field."""
    found: dict[str, Said] = {}
    for fault in faults:
        name = fault.field.partition("[")[0]
        english, chinese = in_a_form(fault)
        found.setdefault(names.get(name, name), {"text_zh": chinese, "text_en": english})
    return found
