"""Texts of a case's page, Chinese and English."""

from __future__ import annotations

CASE: dict[str, tuple[str, str]] = {
    "case.title": ("就诊 {visit_no}", "Visit {visit_no}"),
    "case.way": ("办理进度", "How far it is"),
    "case.way.registered": ("登记", "Registered"),
    "case.way.charged": ("收费", "Charged"),
    "case.way.discharged": ("出院", "Discharged"),
    "case.way.settled": ("结算", "Settled"),
    "case.patient": ("患者", "Patient"),
    "case.patient.unknown": ("未识别身份", "Not recognised"),
    "case.patient.nameless": ("姓名暂时无法显示", "The name cannot be shown just now"),
    "case.patient.ref": ("人员编号尾号 {ref}", "person …{ref}"),
    "case.categories": ("就诊当日人员类别", "Categories on the day of the visit"),
    "case.ordinary": ("无，按普通患者结算", "none; settled as an ordinary patient"),
    "case.since": ("自 {day}", "since {day}"),
    "case.deposit": ("押金", "Deposit"),
    "case.deposit.free": ("免押金", "No deposit"),
    "case.deposit.free.why": ("先诊疗，后付费", "treat first, pay later"),
    "case.deposit.return": ("应退押金 {amount} 元", "return {amount} CNY"),
    "case.deposit.none": ("未收", "none taken"),
    "case.grade.certain": ("识别结果：确认", "recognition: certain"),
    "case.grade.probable": ("识别结果：基本确认", "recognition: probable"),
    "case.dates": ("{admitted} 入院(就诊)", "admitted {admitted}"),
    "case.dates.out": ("{discharged} 出院(结束)", "discharged {discharged}"),
    "case.diagnoses": ("诊断", "Diagnoses"),
    "case.referral": ("经转诊", "by referral"),
    "case.conflict": (
        "本次就诊的识别结果指向不同的人，请先到“识别复核”核实，再结算。",
        "The recognitions of this visit name different persons; have them reviewed before settling.",
    ),
    # --- settled anew
    "case.revision.pending": ("应重新结算", "To be settled again"),
    "case.revision.pending.lead": (
        "结算之后身份才确认，或人员类别有变。重新结算会先原数冲销，再按现在的身份结算；下表是各方的差额。",
        (
            "The person or his categories became known after the settlement. Settling again reverses it "
            "exactly and settles on what is known now; below is what each party bears more or less."
        ),
    ),
    "case.revision.shifted": ("同年较早的结算有变", "An earlier bill of the year has changed"),
    "case.revision.shifted.lead": (
        "同年较早的结算已冲销或更正，大病保险的年度累计随之改变。下表是重新结算后各方的差额。",
        (
            "An earlier bill of the year was reversed or settled anew, so critical illness finds another "
            "burden before this one. Below is what each party bears more or less when it is settled again."
        ),
    ),
    "case.revision.room": ("年度限额有余额，可补付", "A cap has room for this bill"),
    "case.revision.room.lead": (
        "这张账单当时因年度限额少付，现在限额有余额(其他账单已冲销)。补付会原数冲销再重新结算；下表是各方的差额。",
        (
            "A yearly cap had cut this bill, and has room now that another was reversed. Settling again "
            "pays it; below is what each party bears more or less."
        ),
    ),
    "case.revision.do": ("重新结算", "Settle again"),
    "case.revision.dismiss": ("不补付", "Leave it as it is"),
    "case.revised": ("已重新结算。差额见下表。", "Settled again; the differences are below."),
    "case.dismissed": ("已记录：不补付。", "Noted: the bill stays as it is."),
    "case.voucher": ("与上一次结算的差额", "Difference from the settlement before"),
    "case.voucher.before": ("上一次", "Before"),
    "case.voucher.after": ("重新结算", "Settled again"),
    "case.voucher.difference": ("差额", "Difference"),
    "case.voucher.return": ("应退还患者 {amount} 元", "Return {amount} CNY to the patient"),
    "case.voucher.collect": ("应向患者补收 {amount} 元", "Collect {amount} CNY from the patient"),
    "case.voucher.even": ("患者不退不补", "Nothing to return or to collect"),
    "case.reserved": (
        "已为本次就诊预留各基金年度额度，至 {day}",
        "room under the year's caps is kept for this visit until {day}",
    ),
    "case.evidence": ("明白卡", "Card shown"),
    "case.evidence.yes": ("已出示", "shown"),
    "case.evidence.no": ("未出示", "not shown"),
    "case.evidence.do": ("患者出示了明白卡", "The patient showed it"),
    "case.evidence.undo": ("更正为未出示", "It was not shown"),
    "case.evidence.noted": ("已记录证件出示情况。", "Noted."),
    "case.cancel": ("取消这次就诊…", "Cancel this visit…"),
    "case.cancel.lead": (
        "用于重复登记或未实际就诊的情况。取消后不能再收费和结算，也不能恢复。",
        "For a visit that was registered twice or did not take place. It cannot be brought back.",
    ),
    "case.cancel.reason": ("取消原因", "Why it is cancelled"),
    "case.cancel.reason.missing": ("请写明取消原因(1~200 字)", "Say why (1 to 200 characters)"),
    "case.cancel.do": ("确认取消", "Cancel the visit"),
    "case.cancelled": (
        "这次就诊已取消，不再收费和结算。",
        "The visit is cancelled; nothing is charged.",
    ),
    # --- charges
    "case.charges": ("费用", "Charges"),
    "case.charges.none": ("还没有费用。", "Nothing has been charged yet."),
    "case.charges.sum": ("{batches} 批 {lines} 项", "{lines} lines in {batches} batches"),
    "case.batch": ("批次", "Batch"),
    "case.batch.at": ("收到时间", "Received"),
    "case.batch.lines": ("{n} 项", "{n} lines"),
    "case.batch.more": ("另有 {n} 项未显示", "{n} more lines are not shown"),
    "case.batch.remove": ("撤销本批", "Withdraw"),
    "case.batch.remove.sure": ("确认撤销批次 {batch_no}", "Yes, withdraw batch {batch_no}"),
    "case.line": ("项目", "Item"),
    "case.line.kind": ("类别", "Kind"),
    "case.line.class": ("目录", "Catalogue"),
    "case.line.quantity": ("数量", "Quantity"),
    "case.line.amount": ("金额", "Amount"),
    "case.line.limit": ("限价", "Price limit"),
    "case.line.first": ("先行自付", "Self-first"),
    "case.line.n": ("第 {n} 行", "Line {n}"),
    "case.add": ("手工录入一批费用", "Add a batch by hand"),
    "case.add.lead": (
        "医院系统会自动送来费用；没有接口的，在此录入。空行不计。植入材料须填先行自付比例。",
        (
            "The hospital's system sends charges by itself; without one, enter them here. Empty rows do "
            "not count. An implant needs its self-first share."
        ),
    ),
    "case.add.do": ("录入这批费用", "Add these charges"),
    "case.add.rows": ("再加 5 行", "5 more rows"),
    "case.add.empty": ("至少填写一行", "Fill in at least one row"),
    "case.add.amount": (
        "请填写金额(元)，最多两位小数，例如 1234.56",
        "Write an amount, such as 1234.56",
    ),
    "case.add.name": ("请填写项目名称", "Name the item"),
    "case.add.number": ("请填写数字，例如 18", "Write a number, such as 18"),
    "case.added": ("已录入一批费用。", "The charges were added."),
    "case.removed": ("已撤销该批费用。", "The batch was withdrawn."),
    # --- discharge
    "case.discharge": ("登记出院", "Discharge"),
    "case.discharge.end": ("登记就诊结束", "End the visit"),
    "case.discharge.lead": (
        "出院后即可结算；结算前仍可补录或撤销费用。",
        "Then the bill can be settled; until it is, charges may still be added or withdrawn.",
    ),
    "case.discharge.at": ("出院(结束)时间", "Time of discharge"),
    "case.discharge.at.fault": ("时间无法读取", "The time cannot be read"),
    "case.discharge.diagnoses": ("诊断编码(ICD-10)", "Diagnoses (ICD-10)"),
    "case.discharge.diagnoses.hint": (
        "多个用空格分开，如 J18.900 I10",
        "several with spaces, e.g. J18.900 I10",
    ),
    "case.discharge.programme": ("专项救治病种", "Disease programme"),
    "case.discharge.referral": ("经转诊入院", "came by referral"),
    "case.discharge.do": ("登记出院并试算", "Discharge and preview"),
    "case.discharge.end.do": ("登记结束并试算", "End the visit and preview"),
    "case.discharged": ("已登记出院。请核对下面的试算。", "Discharged. Check the preview below."),
    # --- preview and settlement
    "case.preview": ("先试算", "Preview"),
    "case.preview.head": ("试算(尚未结算)", "Preview (not settled yet)"),
    "case.preview.asof": ("按 {day} 出院试算", "as if discharged on {day}"),
    "case.preview.refused": ("还不能结算", "It cannot be settled yet"),
    "case.bill": ("账单", "The bill"),
    "case.settle": ("确认结算", "Settle"),
    "case.settle.lead": (
        "各方金额一次算定并入账；有误可冲销重结。",
        "Every payer's share is fixed and booked at once; a mistake can be reversed.",
    ),
    "case.settle.changed": (
        "刚才账单有变化，尚未结算。请核对新的试算，再确认。",
        "The bill has changed meanwhile and is not settled. Check the new preview, then settle.",
    ),
    "case.settled": ("结算完成。患者只付下面的金额。", "Settled. The patient pays only this."),
    "case.collect.nothing": ("无须收费，可直接离院", "Nothing to collect; the patient may go"),
    "case.print": ("打印结算单", "Print the statement"),
    "case.print.hint": ("PDF,可直接打印", "a PDF, ready to print"),
    "case.reverse": ("冲销这次结算…", "Reverse this settlement…"),
    "case.reverse.lead": (
        "冲销后，各方金额原数退回，就诊回到“待结算”，可更正后重新结算。冲销会留下记录，不能删除，也不能再冲销。",
        (
            "Every payer gets back exactly what was booked; the visit is to be settled again. A reversal "
            "is kept for ever and cannot itself be reversed."
        ),
    ),
    "case.reverse.reason": ("冲销原因", "Why it is reversed"),
    "case.reverse.reason.hint": (
        "写明事由，不写姓名和号码；会保存并公布给各方",
        "say why, without names or numbers; it is kept and told to the payers",
    ),
    "case.reverse.reason.missing": ("请写明冲销原因(1~200 字)", "Say why (1 to 200 characters)"),
    "case.reverse.do": ("确认冲销", "Reverse it"),
    "case.reversed": (
        "已冲销，各方金额已退回。可更正费用后重新结算。",
        "Reversed; every payer has its money back. Correct the charges, then settle again.",
    ),
    "case.history": ("结算记录", "Settlements of this visit"),
    "case.history.which": ("次数", "Which"),
    "case.history.no": ("第 {n} 次", "No. {n}"),
    "case.history.by": ("经办", "By"),
    "case.history.statement": ("结算单", "Statement"),
    "case.registered": ("已登记。", "Registered."),
}
