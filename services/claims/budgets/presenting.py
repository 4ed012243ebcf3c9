"""An agreement as its page tells it: terms, months, cost, and how the year ends."""

from __future__ import annotations

from typing import Any

from services.claims.budgets import paying
from services.claims.budgets.schemas import AgreementAnswer
from services.claims.budgets.service import Budget
from services.claims.screens.kit import name_of
from shared.db.session import ReadSession
from shared.money import text_from_fen
from shared.runtime.context import ServiceContext
from shared.web.kit import Said

PLANS = {
    "390": {"text_zh": "城乡居民医保", "text_en": "Residents' insurance"},
    "310": {"text_zh": "城镇职工医保", "text_en": "Employees' insurance"},
}
SHAPES = {"draft": "○", "signed": "◑", "settled": "●"}
_STEPS = ("budget", "actual", "surplus", "kept", "overspend", "unreasonable", "borne", "due",
          "advances", "direct", "final")  # fmt: skip
_LEFT_OUT_AT_ZERO = frozenset({"surplus", "kept", "overspend", "unreasonable", "borne"})


def plan_name(code: str) -> Said:
    return PLANS.get(code, {"text_zh": code, "text_en": code})


def place(context: ServiceContext, code: str) -> Said:
    found = context.region.facility(code)
    if found is None:
        return {"text_zh": code, "text_en": code}
    return {"text_zh": found.name_zh, "text_en": found.name_en}


def head(budget: Budget) -> dict[str, Any]:
    """An agreement in the list."""
    answer = AgreementAnswer.of(budget).model_dump(mode="json")
    return answer | {"plan": plan_name(answer["insurance_plan"]), "shape": SHAPES[answer["status"]]}


async def whole(session: ReadSession, context: ServiceContext, budget: Budget) -> dict[str, Any]:
    """An agreement with everything that its page shows; a year's end as it would be so far."""
    found = head(budget)
    ended = found["year_end"]
    figures = ended
    if ended is None:
        so_far = paying.figures_of(await paying.so_far(session, budget))
        figures = {name: text_from_fen(fen) for name, fen in so_far.items()}
    unpaid = [month["month"] for month in found["months"] if month["paid_on"] is None]
    return found | {
        "lead": place(context, found["lead_facility_code"]),
        "members": [place(context, code) for code in found["facilities"]],
        "costs": [
            one | {"facility": place(context, one["facility_code"])} for one in found["costs"]
        ],
        "created": name_of(context, found["created_by"]),
        "signed": name_of(context, found["signed_by"]),
        "next_month": unpaid[0] if unpaid else None,
        "adjustments": [
            {
                "from_month": each.from_month,
                "approved": text_from_fen(each.approved_fen),
                "document": each.document,
            }
            for each in budget.agreement.adjustments
        ],
        "end": [
            {"name": name, "amount": figures[name]}
            for name in _STEPS
            if name not in _LEFT_OUT_AT_ZERO or figures[name] != "0.00"
        ],
    }
