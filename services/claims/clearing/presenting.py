"""A run as its page tells it: how far it is, what comes next and by whom, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.claims.clearing.domain import (
    MUST_BE_REVIEWED,
    Part,
    ReviewSkipped,
    Run,
    SamePersonTwice,
    StepName,
    StepNotAllowed,
)
from services.claims.ledger.domain import FUND_NAMES, PURPOSE_NAMES
from services.claims.screens.kit import name_of
from shared.clock import SHANGHAI
from shared.money import text_from_fen
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Said

SHAPES: Final[Mapping[str, str]] = {
    "draft": "○", "submitted": "◔", "reviewed": "◑", "approved": "◕", "paid": "●",
    "cancelled": "✕",
}  # fmt: skip

SCOPE_OF: Final[Mapping[str, str]] = {
    "submit": "claims:clearing",
    "cancel": "claims:clearing",
    "review": "claims:clearing-review",
    "approve": "claims:clearing-approve",
    "pay": "claims:clearing-approve",
    "release": "claims:clearing-approve",
}

_WAY: Final[Sequence[tuple[StepName, str]]] = (
    ("create", "draft"), ("submit", "submitted"), ("review", "reviewed"),
    ("approve", "approved"), ("pay", "paid"),
)  # fmt: skip


@dataclass(frozen=True)
class Next:
    """What the person before the page can do next with a run."""

    primary: str | None
    """The one button; None: another person's turn, or nothing is left."""
    also: tuple[str, ...]
    """Further steps that he may take; shown less."""
    waits: str | None
    """Why it is not his turn, as the key of a text."""


def next_of(run: Run, caller: Principal) -> Next:
    """What comes next, by state, role and who did the steps before."""
    if run.status == "cancelled":
        return Next(None, (), None)
    if run.status == "paid":
        return _release_of(run, caller)
    wanted = {
        "draft": ["submit"],
        "submitted": ["review"] if run.must_be_reviewed else ["approve", "review"],
        "reviewed": ["approve"],
        "approved": ["pay"],
    }[run.status]
    mine = [step for step in wanted if refusal(run, step, caller) is None]
    also = tuple(mine[1:])
    if run.status == "approved" and mine:
        also += ("part",)
    if "cancel" in _allowed(run, caller, ["cancel"]):
        also += ("cancel",)
    waits = None if mine else f"run.waits.{wanted[0]}"
    if not mine:
        why = refusal(run, wanted[0], caller)
        waits = {"same": f"run.same.{wanted[0]}", "fund": "run.waits.waivers"}.get(why or "", waits)
    return Next(mine[0] if mine else None, also, waits)


def _release_of(run: Run, caller: Principal) -> Next:
    if all(part.held_fen == part.released_fen for part in run.parts):
        return Next(None, (), None)
    if refused := _no_right(run, "release", caller):
        return Next(None, (), f"run.waits.{'waivers' if refused == 'fund' else 'release'}")
    prepared = {done.done_by for done in run.steps if done.step in {"create", "submit"}}
    if caller.client_id in prepared:
        return Next(None, (), "run.same.release")
    return Next("release", (), None)


def _allowed(run: Run, caller: Principal, steps: Sequence[str]) -> list[str]:
    return [step for step in steps if refusal(run, step, caller) is None]


def _no_right(run: Run, step: str, caller: Principal) -> str | None:
    if SCOPE_OF[step] not in caller.scopes:
        return "scope"
    if step in {"approve", "pay", "release"} and run.not_approved_by(caller.scopes):
        return "fund"
    return None


def refusal(run: Run, step: str, caller: Principal) -> str | None:
    """Why the caller may not take the step now: scope, another's fund, state, review, himself."""
    if refused := _no_right(run, step, caller):
        return refused
    try:
        run.after(step, caller.client_id)  # type: ignore[arg-type]
    except SamePersonTwice:
        return "same"
    except ReviewSkipped:
        return "review"
    except StepNotAllowed:
        return "state"
    return None


def way(run: Run, context: ServiceContext) -> list[dict[str, Any]]:
    """The steps of the run, each with who did it and when; what is left out is not shown."""
    shown = []
    for step, _ in _WAY:
        taken = run.taken(step)
        if taken is None and step == "review" and not _still_to_review(run):
            continue
        if taken is None and run.status == "cancelled":
            continue
        shown.append(_step(context, step, taken))
    cancelled = run.taken("cancel")
    if cancelled is not None:
        shown.append(_step(context, "cancel", cancelled))
    return shown


def _still_to_review(run: Run) -> bool:
    return run.must_be_reviewed and run.status in {"draft", "submitted"}


def _step(context: ServiceContext, step: str, taken: Any) -> dict[str, Any]:
    return {
        "step": step,
        "done": taken is not None,
        "at": taken.done_at.astimezone(SHANGHAI).isoformat() if taken else None,
        "by": name_of(context, taken.done_by) if taken else None,
        "note": taken.note if taken else None,
    }


def facility_name(context: ServiceContext, code: str | None) -> Said | None:
    """A facility by its name; its code where the pack does not know it."""
    if code is None:
        return None
    found = context.region.facility(code)
    if found is None:
        return {"text_zh": code, "text_en": code}
    return {"text_zh": found.name_zh, "text_en": found.name_en}


def fund_name(code: str | None) -> Said | None:
    if code is None:
        return None
    return {"text_zh": FUND_NAMES[code][1], "text_en": FUND_NAMES[code][0]}


def use_name(code: str) -> Said:
    name_en, name_zh = PURPOSE_NAMES[code]
    return {"text_zh": name_zh, "text_en": name_en[:1].upper() + name_en[1:]}


def head(context: ServiceContext, run: Run) -> dict[str, Any]:
    """A run in a list: of what, how much, how far."""
    return {
        "run_id": str(run.id),
        "number": str(run.id)[-6:],
        "period": run.period,
        "fund": fund_name(run.fund),
        "facility": facility_name(context, run.facility_code),
        "status": run.status,
        "shape": SHAPES[run.status],
        "must_be_reviewed": run.must_be_reviewed,
        **_sums(run.parts),
    }


def whole(context: ServiceContext, run: Run) -> dict[str, Any]:
    """A run with its parts by facility, each facility's sums below it."""
    facilities: dict[str, list[Part]] = {}
    for part in run.parts:
        facilities.setdefault(part.facility_code, []).append(part)
    return {
        **head(context, run),
        "deposit": f"{run.deposit_ratio * 100:.2f}".rstrip("0").rstrip("."),
        "facilities": [
            {
                "facility": facility_name(context, code),
                "parts": [_part(run, part) for part in parts],
                "several": len(parts) > 1,
                **_sums(parts),
            }
            for code, parts in facilities.items()
        ],
        "funds": [
            {"fund": fund_name(fund), **_sums([p for p in run.parts if p.fund == fund])}
            for fund in dict.fromkeys(part.fund for part in run.parts)
        ],
        "waivers": any(part.fund in MUST_BE_REVIEWED for part in run.parts),
    }


def _part(run: Run, part: Part) -> dict[str, Any]:
    return {
        "field": f"pay-{run.parts.index(part)}",
        "fund": fund_name(part.fund),
        "use": use_name(part.use),
        **_sums([part]),
    }


def _sums(parts: Sequence[Part]) -> dict[str, str]:
    return {
        "amount": text_from_fen(sum(part.amount_fen for part in parts)),
        "held": text_from_fen(sum(part.held_fen for part in parts)),
        "paid": text_from_fen(sum(part.paid_fen for part in parts)),
        "released": text_from_fen(sum(part.released_fen for part in parts)),
        "open": text_from_fen(sum(part.open_fen for part in parts)),
        "to_release": text_from_fen(sum(part.held_fen - part.released_fen for part in parts)),
    }
