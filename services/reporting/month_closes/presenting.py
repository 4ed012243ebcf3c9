"""What the screens of month closes show: how far a month is, whose turn it is, its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from services.reporting.month_closes.domain import Close, Step, due_on
from services.reporting.screens.close_texts import ROWS
from services.reporting.screens.kit import name_of, said
from shared.clock import SHANGHAI, business_date
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Said

SHAPES: Final[Mapping[str, str]] = {
    "draft": "○", "submitted": "◑", "accepted": "◕", "closed": "●", "reopened": "✕",
}  # fmt: skip
SIGNED: Final = frozenset({"closed", "reopened"})
_SHAPE_OF_SUBMISSION: Final[Mapping[str, str]] = {
    "in_time": "●", "late": "◆", "returned": "↩", "missing": "○",
}  # fmt: skip
_MONEY = ("total_fen", "patient_fen")
_COLUMNS = frozenset(
    name.removeprefix("rows.column.") for name in ROWS if name.startswith("rows.column.")
)
"""Columns of kept rows that have a word."""


@dataclass(frozen=True)
class Next:
    """What the person before the page can do next with a month."""

    primary: str | None
    """The one button; None: another's turn, or nothing is left."""
    also: tuple[str, ...]
    """Further steps that he may take; shown less."""
    waits: Said | None
    """Whose turn it is, when it is not his."""


def next_of(close: Close, caller: Principal, townships: Sequence[str]) -> Next:
    """What comes next, by state, role and what the townships have submitted."""
    kind, _, own = caller.organisation.partition(":")
    county = kind == "region"
    closes = "reporting:close" in caller.scopes
    missing = close.missing(townships)
    if close.status == "reopened":
        return Next(None, (), None)
    if close.status == "closed":
        return _reopening_of(close, caller, may=county and closes)
    accepts = county and "reporting:accept" in caller.scopes
    also: tuple[str, ...] = ("return",) if accepts and close.submissions() else ()
    if county and closes:
        also += ("refresh",)
    if close.status == "draft":
        if closes and kind == "township" and own in missing:
            return Next("submit", also, None)
        if closes and county:
            also = ("submit_for", *also)
        return Next(None, also, said("close.waits.townships", names=named(missing)))
    if close.status == "submitted":
        return (
            Next("accept", also, None) if accepts else Next(None, also, said("close.waits.county"))
        )
    if county and "reporting:sign" in caller.scopes:
        return Next("sign", also, None)
    return Next(None, also, said("close.waits.director"))


def _reopening_of(close: Close, caller: Principal, *, may: bool) -> Next:
    if close.reopening is None:
        return Next(None, ("ask_reopening",) if may else (), None)
    if may and close.reopening["asked_by"] != caller.client_id:
        return Next("reopen", (), None)
    return Next(None, (), said("close.waits.second"))


def named(names: Sequence[str], most: int = 8) -> str:
    """Names in a row; of many only the first."""
    return "、".join(names[:most]) + (f" …({len(names)})" if len(names) > most else "")


def head(
    context: ServiceContext, close: Close, townships: Sequence[str], due: int
) -> dict[str, Any]:
    """A month in the list: how far, what each township did, what it says at a glance."""
    share = _indicator(close, "personal_share")
    return {
        "close_id": str(close.id),
        "month": close.month,
        "number": close.number,
        "revision": close.revision,
        "status": close.status,
        "shape": SHAPES[close.status],
        "signed": close.status in SIGNED,
        "cut_at": close.cut_at.isoformat(),
        "closed_at": close.closed_at.isoformat() if close.closed_at else None,
        "due_on": due_on(close.month, due).isoformat(),
        "late": _late(context, close, townships, due),
        "share": share,
        "corrections": close.figures["corrections"]["count"],
        "townships": submissions(context, close, townships, due),
        "submitted": len(townships) - len(close.missing(townships)),
    }


def _late(context: ServiceContext, close: Close, townships: Sequence[str], due: int) -> bool:
    today = business_date(context.clock.now())
    return (
        close.status == "draft"
        and bool(close.missing(townships))
        and today > due_on(close.month, due)
    )


def submissions(
    context: ServiceContext, close: Close, townships: Sequence[str], due: int
) -> list[dict[str, Any]]:
    """What each township did about the month: in time, late, returned to it, or nothing yet."""
    submitted, returned = close.submissions(), close.returned()
    return [
        _submission(
            context, name, submitted.get(name), returned.get(name), due_on(close.month, due)
        )
        for name in townships
    ]


def _submission(
    context: ServiceContext, name: str, step: Step | None, returned: Step | None, due: date
) -> dict[str, Any]:
    if step is not None:
        state = "in_time" if business_date(step.done_at) <= due else "late"
    else:
        state = "returned" if returned is not None else "missing"
    told = step or returned
    return {
        "name": name,
        "state": state,
        "shape": _SHAPE_OF_SUBMISSION[state],
        "at": told.done_at.isoformat() if told else None,
        "by": name_of(context, told.done_by) if told else None,
        "note": told.note if told else None,
    }


def whole(
    context: ServiceContext, close: Close, townships: Sequence[str], due: int
) -> dict[str, Any]:
    """One month with every figure, as it was cut."""
    figures = close.figures
    places = {each["name_zh"]: each for each in figures["townships"]}
    submitted = {each["name"]: each for each in submissions(context, close, townships, due)}
    return {
        **head(context, close, townships, due),
        "sha256": close.sha256,
        "place": close.place,
        "day": figures["day"],
        "indicators": figures["indicators"],
        "places": [
            _place(each) | {"submission": submitted.get(name)} for name, each in places.items()
        ],
        "facilities": [_place(each) for each in figures["facilities"]],
        "adjustments": _adjustments(figures["corrections"]),
        "adjusted": _money(figures["corrections"]["sums"]),
        "register": figures.get("register"),
        "reopening": _reopening(context, close),
    }


def _reopening(context: ServiceContext, close: Close) -> dict[str, Any] | None:
    if close.reopening is None:
        return None
    asked = close.reopening
    return {
        "by": name_of(context, asked["asked_by"]),
        "at": asked["asked_at"],
        "reason": asked["reason"],
    }


def _place(place: Mapping[str, Any]) -> dict[str, Any]:
    sums, share = place["sums"], place["indicators"]["personal_share"]
    return {
        "name_zh": place["name_zh"],
        "name_en": place["name_en"],
        "visits": sums.get("registered_visits", 0),
        "total": sums.get("registered_total_fen", "0.00"),
        "patient": sums.get("registered_patient_fen", "0.00"),
        "value": share["value"],
        "state": share["status"],
    }


def _adjustments(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """By earlier month: how many rows of which kind, and what they make in money."""
    counted: dict[str, dict[str, int]] = {}
    for row in told["rows"]:
        kinds = counted.setdefault(row["of_month"], {})
        kinds[row["kind"]] = kinds.get(row["kind"], 0) + row["rows"]
    return [
        {
            "month": each["month"],
            "kinds": {
                kind: counted[each["month"]].get(kind, 0)
                for kind in ("late", "changed", "withdrawn")
            },
            **_money(each["sums"]),
        }
        for each in told["months"]
    ]


def _money(sums: Mapping[str, Any]) -> dict[str, str]:
    return {name.removesuffix("_fen"): str(sums.get(name, "0.00")) for name in _MONEY}


def _indicator(close: Close, code: str) -> dict[str, Any] | None:
    found = (each for each in close.figures["indicators"] if each["code"] == code)
    return next(found, None)


def way(context: ServiceContext, close: Close, townships: Sequence[str]) -> list[dict[str, Any]]:
    """The stations from the cut to the signature, each with who reached it and when."""
    done = {
        "draft": 1, "submitted": 2, "accepted": 3, "closed": 4, "reopened": 4,
    }[close.status]  # fmt: skip
    stations: list[tuple[str, Step | None]] = [
        ("cut", _last(close, "create", "refresh")),
        ("submit", _last(close, "submit")),
        ("accept", _last(close, "accept")),
        ("sign", _last(close, "sign")),
    ]
    shown = []
    for number, (name, step) in enumerate(stations):
        reached = number < done
        shown.append(
            {
                "step": name,
                "done": reached,
                "at": step.done_at.isoformat() if reached and step else None,
                "by": name_of(context, step.done_by) if reached and step else None,
            }
        )
    shown[1]["count"] = (len(townships) - len(close.missing(townships)), len(townships))
    if close.status == "reopened":
        step = _last(close, "reopen")
        shown.append(
            {
                "step": "reopen",
                "done": True,
                "at": step.done_at.isoformat() if step else None,
                "by": name_of(context, step.done_by) if step else None,
            }
        )
    return shown


def _last(close: Close, *names: str) -> Step | None:
    return next((step for step in reversed(close.steps) if step.step in names), None)


def log(context: ServiceContext, close: Close) -> list[dict[str, Any]]:
    """Every step with who took it, the newest first."""
    return [
        {
            "step": step.step,
            "township": step.township,
            "cut": step.cut,
            "at": step.done_at.astimezone(SHANGHAI).isoformat(),
            "by": name_of(context, step.done_by),
            "note": step.note,
        }
        for step in reversed(close.steps)
    ]


def row(context: ServiceContext, found: Mapping[str, Any], of_month: str) -> dict[str, Any]:
    """A kept row, or one that changed: of whom by pseudonym, where, when, what it was and is."""
    before, after = found["before"] or {}, found["after"] or {}
    facility = context.region.facility(found["facility_code"]) if found["facility_code"] else None
    return {
        "kind": found["kind"],
        "dataset": found["dataset"],
        "of_month": found.get("of_month") or of_month,
        "township": found["township"],
        "facility": {"text_zh": facility.name_zh, "text_en": facility.name_en}
        if facility
        else {"text_zh": found["facility_code"] or "—", "text_en": found["facility_code"] or "—"},
        "day": found["day"],
        "person": str((after or before).get("person_id") or "")[-8:] or "—",
        "before": _figure(before),
        "after": _figure(after),
        "differs": [
            {
                "name": said(f"rows.column.{name if name in _COLUMNS else 'other'}"),
                "before": _plain(before[name]),
                "after": _plain(after.get(name)),
            }
            for name in sorted(before)
            if after and after.get(name) != before[name] and not name.endswith(("_fen", "_id"))
        ],
    }


def _figure(data: Mapping[str, Any]) -> dict[str, str] | None:
    """Total and own payment of a bill, as CNY; None: no bill."""
    if "total_fen" not in data:
        return None
    return {name.removesuffix("_fen"): f"{Decimal(data[name]) / 100:.2f}" for name in _MONEY}


def _plain(value: Any) -> Said:
    if isinstance(value, bool):
        return said("yes" if value else "no")
    text = "—" if value is None else str(value)
    return {"text_zh": text, "text_en": text}
