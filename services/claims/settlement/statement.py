"""The settlement's statement: the one sheet that a patient takes home, and an auditor asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from services.claims.encounters import repository as encounters
from services.claims.packs.service import pack_of
from services.claims.revisions import repository as revisions
from services.claims.revisions.domain import PATIENT
from services.claims.revisions.repository import Voucher
from services.claims.screens.bill import shown_bill
from services.claims.screens.patients import masked_name
from services.claims.screens.words import CATALOGUE_CLASSES, LEVELS, LINE_KINDS, PAYERS
from services.claims.settlement import repository, service
from services.claims.settlement.line_sums import LineSums, line_sums
from services.claims.settlement.repository import Stored
from services.claims.settlement.tiers import SettlementPack
from shared import documents
from shared.clock import SHANGHAI
from shared.events.catalog.words import CATEGORY_WORDS, VISIT_TYPE_WORDS
from shared.http.problem import Problem
from shared.money import text_from_fen
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal
from shared.web.figures import money

TEMPLATE: Final = Path(__file__).parent / "templates" / "statement.typ"
_PARTS: Final = ("amount", "waived", "out_of_catalogue", "over_limit", "self_first", "in_scope")
_UNSORTED: Final = "未分类"


async def statement(context: ServiceContext, caller: Principal, settlement_id: UUID) -> bytes:
    """The statement as PDF; the export is written to the audit log.

    The same settlement gives the same bytes until it is reversed. No connection is held while it
    is typeset.

    Raises:
        SettlementNotFound: no such settlement, or another facility's.
        ServiceUnavailable: too many documents are asked for at once.
    """
    async with context.db.writing() as session:
        stored = await service.visible(session, caller, settlement_id)
        encounter = await encounters.required(session, stored.encounter_id)
        sums = await line_sums(session, stored.reverses_id or stored.id)
        voucher = await revisions.of_settlement(session, stored.id)
        undone_by = (
            await repository.get(session, stored.reversed_by_id) if stored.reversed_by_id else None
        )
        await audit.record(
            session,
            actor=caller.client_id,
            organisation=caller.organisation,
            action="settlement.printed",
            subject=str(stored.id),
            at=context.clock.now(),
            detail={"encounter_id": str(stored.encounter_id)},
        )
    name = await masked_name(context, stored.person_id)
    pack = _pack(context, stored)
    bill = shown_bill(stored.as_answer(), pack, stored.discharged_on)
    data = {
        **_head(context, stored, encounter.visit_no, name),
        **_marks(stored, undone_by),
        "total": money(bill["total"]),
        "funds_pay": money(bill["funds_pay"]),
        "patient_pays": money(bill["patient_pays"]),
        "patient_word": "冲销个人支付" if stored.kind == "reversal" else "患者应付",
        "gap": [{"name": one["text_zh"], "amount": money(one["amount"])} for one in bill["gap"]],
        "bar": [
            {
                "name": part["text_zh"],
                "amount": money(part["amount"]),
                "share": float(part["width"].removesuffix("%")),
                "pattern": part["pattern"],
            }
            for part in bill["payers"]
            if stored.kind == "settlement" and part["width"] not in {"0%", "0.000%"}
        ],
        "lines": _lines(sums, -1 if stored.kind == "reversal" else 1),
        "payers": _payers(stored),
        **_difference(voucher),
        "steps": [{"text": one["text_zh"], "citation": one["citation"]} for one in bill["steps"]],
        "assumptions": [one["text_zh"] for one in bill["assumptions"]],
        "proof": [
            {"name": "结算编号", "text": str(stored.id)},
            {"name": "就诊编号", "text": str(stored.encounter_id)},
            {"name": "政策包", "text": f"{bill['pack_title_zh']}({stored.pack})"},
            {"name": "政策包内容校验值", "text": stored.pack_version},
            {"name": "结算时间", "text": _moment(stored)},
        ],
    }
    return await documents.pdf(TEMPLATE, data, made_at=stored.made_at)


def _moment(stored: Stored) -> str:
    return stored.made_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _pack(context: ServiceContext, stored: Stored) -> SettlementPack | None:
    """For the words of title and assumptions, where the pack is at hand as it was."""
    try:
        pack = pack_of(context, stored.pack)
    except Problem:
        return None
    return pack if pack.version == stored.pack_version else None


def _head(
    context: ServiceContext, stored: Stored, visit_no: str, name: str | None
) -> dict[str, Any]:
    facility = context.region.facility(stored.facility_code)
    if name is None:
        name = "未识别身份"
        if stored.person_id is not None:
            name = f"姓名从略(人员编号尾号 {stored.person_id[-8:]})"
    held = [CATEGORY_WORDS.get(code, (code, code))[0] for code in stored.categories]
    level = LEVELS.get(stored.facility_level, (stored.facility_level, ""))[0]
    facts = (
        ("患者", name),
        ("就诊号", visit_no),
        ("人员类别", "、".join(held) or "普通居民"),
        ("就诊类型", VISIT_TYPE_WORDS.get(stored.visit_type, (stored.visit_type, ""))[0]),
        ("入院(就诊)日期", stored.admitted_on.isoformat()),
        ("机构级别", f"{level},{'统筹区内' if stored.in_region else '统筹区外'}"),
        ("出院(结束)日期", stored.discharged_on.isoformat()),
        ("结算时间", _moment(stored)),
    )
    return {
        "title": "医疗费用冲销单" if stored.kind == "reversal" else "医疗费用一站式结算单",
        "hospital": facility.name_zh if facility else stored.facility_code,
        "file_no": str(stored.id),
        "facts": [{"name": label, "text": text} for label, text in facts],
    }


def _marks(stored: Stored, undone_by: Stored | None) -> dict[str, Any]:
    """What the sheet is worth: in force, undone, or itself the undoing of another."""
    if stored.kind == "reversal":
        mark = f"本单冲销结算 {stored.reverses_id}，各方金额原数退回。原因：{stored.reason or '—'}"
        return {"watermark": "冲销单", "mark": mark}
    if undone_by is not None:
        mark = f"本结算单已于 {_moment(undone_by)} 冲销(冲销单 {undone_by.id})，不再有效。"
        return {"watermark": "已冲销", "mark": mark}
    if stored.supersedes_id is not None:
        return {
            "watermark": None,
            "mark": f"本次为重新结算，替代已冲销的结算 {stored.supersedes_id}。",
        }
    return {"watermark": None, "mark": None}


def _lines(sums: Sequence[LineSums], sign: int) -> list[dict[str, Any]]:
    """Kinds, everything, and of that the catalogue classes."""

    def row(name: str, of: Iterable[LineSums], *, total: bool = False) -> dict[str, Any]:
        taken = list(of)
        amounts = [sign * sum(getattr(each, part) for each in taken) for part in _PARTS]
        return {"name": name, "total": total, "amounts": [_money(fen) for fen in amounts]}

    def rows(
        words: dict[str, tuple[str, str]], code_of: Callable[[LineSums], str | None], lead: str
    ) -> list[dict[str, Any]]:
        found = {code_of(each) for each in sums}
        known = [code for code in words if code in found]
        listed = [
            row(lead + words[code][0], (s for s in sums if code_of(s) == code)) for code in known
        ]
        others = [each for each in sums if code_of(each) not in words]
        return [*listed, row(lead + _UNSORTED, others)] if others else listed

    return [
        *rows(LINE_KINDS, lambda each: each.kind, ""),
        row("合计", sums, total=True),
        *rows(CATALOGUE_CLASSES, lambda each: each.catalogue_class, "其中 "),
    ]


def _money(fen: int) -> str:
    return money(text_from_fen(fen))


def _payers(stored: Stored) -> list[dict[str, Any]]:
    """Every payer that took part, those that paid nothing included, the patient, the sum."""
    amounts = stored.amounts

    def row(name: str, fen: int, *, strong: bool = False) -> dict[str, Any]:
        share = abs(Decimal(fen) * 100 / amounts.total) if amounts.total else Decimal(0)
        shown = share.quantize(Decimal("0.1"), ROUND_HALF_UP)
        return {"name": name, "amount": _money(fen), "share": f"{shown}%", "strong": strong}

    return [
        *(row(PAYERS[payer][0], fen) for payer, fen in amounts.payers),
        row(PAYERS[PATIENT][0], amounts.patient_pays, strong=True),
        row("合计", amounts.total, strong=True),
    ]


def _difference(voucher: Voucher | None) -> dict[str, Any]:
    if voucher is None:
        return {"superseded": "", "difference": []}
    return {
        "superseded": str(voucher.supersedes_id),
        "difference": [
            {
                "name": PAYERS.get(part.party, (part.party, ""))[0],
                "before": _money(part.before_fen),
                "now": _money(part.after_fen),
                "change": _money(part.difference_fen),
            }
            for part in voucher.parts
        ],
    }
