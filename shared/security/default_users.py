"""The accounts that a first start makes: one for each desk that works with a screen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """A desk: what it is called, and what is done there."""

    name_zh: str
    name_en: str
    scopes: tuple[str, ...]


_POVERTY_OFFICE = (
    "identity:roster", "identity:persons", "identity:reveal", "identity:review",
    "identity:cards", "reporting:read", "claims:ledger", "claims:funds",
    "claims:clearing-approve", "claims:clearing-approve-waivers", "reporting:close",
    "reporting:accept", "reporting:register", "reporting:register-check", "reporting:standards",
    "reporting:assess",
)  # fmt: skip

DEFAULT_USERS: dict[str, Role] = {
    "window": Role(
        "挂号收费窗口", "Hospital window",
        ("identity:recognise", "claims:encounters", "claims:settle", "claims:quote",
         "claims:ledger"),
    ),
    # Two, because what one person uploads another confirms.
    "poverty-a": Role("扶贫办甲", "Poverty office A", _POVERTY_OFFICE),
    "poverty-b": Role("扶贫办乙", "Poverty office B", _POVERTY_OFFICE),
    "reviewer": Role("识别复核员", "Reviewer", ("identity:review", "identity:persons")),
    # Who visits people at home has to know whom; what he looks up is logged with its reason.
    "doctor": Role(
        "家庭医生", "Township doctor",
        ("contracts:read", "contracts:write", "identity:persons", "identity:reveal"),
    ),
    "accountant": Role(
        "结算会计", "Accountant",
        ("claims:ledger", "claims:funds", "claims:clearing", "claims:reconcile",
         "reporting:read"),
    ),
    # A clearing run goes from the accountant past the health bureau to the office that pays.
    "health-bureau": Role(
        "卫生健康局", "Health bureau",
        ("claims:ledger", "claims:clearing-review", "claims:monitor", "reporting:read",
         "contracts:read", "contracts:review", "reporting:register",
         "reporting:register-check", "reporting:standards", "reporting:assess"),
    ),
    "insurer": Role(
        "医保经办", "Insurance agency",
        ("claims:ledger", "claims:funds", "claims:clearing-approve", "claims:monitor",
         "claims:quote", "reporting:read"),
    ),
    "director": Role(
        "主任", "Director",
        ("reporting:read", "reporting:close", "reporting:accept", "reporting:sign",
         "reporting:register", "reporting:register-check", "reporting:assess",
         "contracts:read"),
    ),
    "operator": Role("系统管理员", "Operator", ("*",)),
}  # fmt: skip
"""Made on the first start; all belong to the whole county."""
