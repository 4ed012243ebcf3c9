"""The texts of claims' screens, Chinese and English: what several share, and each its own."""

from __future__ import annotations

from services.claims.screens.budget_texts import BUDGETS, DRG
from services.claims.screens.case_texts import CASE
from services.claims.screens.money_texts import CLEARING, FUNDS
from services.claims.screens.monitoring_texts import MONITORING
from services.claims.screens.pack_texts import PACKS
from services.claims.screens.reconciliation_texts import RECONCILIATION
from services.claims.screens.simulation_texts import SIMULATIONS
from services.claims.screens.window_texts import WINDOW
from services.claims.screens.words import WORDS

BILL: dict[str, tuple[str, str]] = {
    "bill.who_pays": ("总费用 {total} 元，谁付多少", "Who pays what of {total} CNY"),
    "bill.table": ("看数字表", "The figures as a table"),
    "bill.by_payer": ("按支付方", "By payer"),
    "bill.by_part": ("按费用性质", "By kind of cost"),
    "bill.payer": ("支付方", "Payer"),
    "bill.part": ("费用性质", "Kind of cost"),
    "bill.amount": ("金额", "Amount"),
    "bill.total": ("合计", "Total"),
    "bill.steps": ("怎么算的", "How it was worked out"),
    "bill.assumed": (
        "以下取值文件未写明，按假定计算",
        "These values are not stated in the documents and are assumed",
    ),
    "bill.pack": ("政策包：{title} · 版本 {version}", "Policy pack: {title} · version {version}"),
    "bill.patient_pays": ("患者应付", "The patient pays"),
    "bill.because": ("其中：", "for: "),
}
"""What the parts of ``_bill.html`` say."""

TEXTS: dict[str, tuple[str, str]] = {
    **WORDS,
    **BILL,
    **WINDOW,
    **CASE,
    **PACKS,
    **FUNDS,
    **CLEARING,
    **RECONCILIATION,
    **SIMULATIONS,
    **MONITORING,
    **BUDGETS,
    **DRG,
}
