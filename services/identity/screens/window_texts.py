"""Texts of the window, Chinese and English."""

from __future__ import annotations

WINDOW: dict[str, tuple[str, str]] = {
    "window.title": ("就诊身份识别", "Who is this patient?"),
    "window.box": (
        "证件号码、健康卡，或姓名加出生日期",
        "ID number, health card, or name and birth date",
    ),
    "window.box.hint": (
        "例：张三 1962-03-04;可再加 性别、村、电话。新生儿：张三之子 2016-02-01 母 后接母亲证件号码。按回车即查。",
        (
            "e.g. 张三 1962-03-04; sex, village or telephone may follow. A newborn: 张三之子 2016-02-01 母 and "
            "the mother's number. Enter asks."
        ),
    ),
    "window.do": ("识别", "Recognise"),
    "window.facility": ("医疗机构", "Institution"),
    "window.facility.choose": (
        "请选择本窗口所在的医疗机构",
        "Choose the institution of this window",
    ),
    "window.facility.change": ("更换", "Change"),
    "window.facility.none": (
        "您的账号不属于任何医疗机构，也不属于全县，无法在窗口识别。请联系管理员。",
        "Your account belongs neither to an institution nor to the county; ask the operator.",
    ),
    "window.visit": ("就诊信息", "The visit"),
    "window.visit.type": ("就诊类型", "Kind of visit"),
    "window.visit.no": ("就诊号", "Visit number"),
    "window.visit.no.hint": ("留空则自动编号", "made by itself when left empty"),
    "window.visit.at": ("就诊时间", "Time of the visit"),
    "window.visit.at.hint": ("留空即为现在", "now when left empty"),
    "window.more": ("补充信息后再查", "Add what you know and ask again"),
    "window.more.village": ("村(或住址)", "Village or address"),
    "window.more.do": ("再查一次", "Ask again"),
    "window.took": ("用时 {ms} 毫秒", "answered in {ms} ms"),
    "window.asked": (
        "就诊号 {visit_no} · {facility} · {type} · {moment}",
        "visit {visit_no} · {facility} · {type} · {moment}",
    ),
    "window.state.final": ("最终结论", "Final"),
    "window.state.provisional": ("暂定", "Provisional"),
    "window.state.provisional.review": (
        "暂定：已转人工复核，如有更正系统会自动通知结算",
        "Provisional: a person looks at it; a correction reaches settlement by itself",
    ),
    "window.state.provisional.until": (
        "暂定至 {day}:新生儿取得证件号码后请再识别一次",
        "Provisional until {day}: ask again when the newborn has a number",
    ),
    "window.categories.none": (
        "在册，但就诊当日没有有效的人员类别：按普通患者办理。",
        "On the register, but no category holds on the day of the visit: treat as any patient.",
    ),
    "window.since": ("自 {day}", "since {day}"),
    "window.free": ("可享受", "Is entitled to"),
    "window.free.deposit": ("免押金：先诊疗，后付费", "No deposit: treat first, pay later"),
    "window.free.one_stop": (
        "出院一站式结算，只付个人部分",
        "One-stop settlement: pays only his own part",
    ),
    "window.free.waivers": ("按本地区规定减免费用", "The region's fee waivers"),
    "window.free.not": ("不适用", "does not apply"),
    "window.collect": ("现在收取", "Collect now"),
    "window.collect.nothing": ("0 元", "Nothing"),
    "window.collect.nothing.why": ("免押金", "no deposit"),
    "window.collect.usual": ("按本院规定", "As usual"),
    "window.collect.usual.why": (
        "本机构或就诊日不适用免押金",
        "no exemption at this institution or on this day",
    ),
    "window.collect.wait": ("待定", "Not yet clear"),
    "window.collect.wait.why": ("核实身份后再定", "until the person is made out"),
    "window.why": ("依据", "Why"),
    "window.reasons": ("判断理由", "Reasons"),
    "window.next": ("接下来怎么做", "What to do next"),
    "window.review": ("复核号", "Review"),
    "window.possible.ask": (
        "请患者出示证件，或问清住在哪个村，在下面补充后再查一次。",
        "Ask for the ID card, or for the village, add it below and ask again.",
    ),
    "window.possible.review": (
        "已转人工复核；有结论后自动通知，无须重复提交。",
        "A person will decide; the outcome comes by itself, nothing need be sent again.",
    ),
    "window.possible.open": (
        "先照常接诊。需要先登记就诊的，在“费用结算”里登记，或由医院系统调用 POST /claims/v1/encounters,就诊号用 {visit_no}。",
        (
            "Treat meanwhile. To open the case at once register it under Settlement, or let the "
            "hospital's system call POST /claims/v1/encounters, with visit number {visit_no}."
        ),
    ),
    "window.none.check": (
        "请核对号码是否看错、患者姓名是否有同音字，或改用“姓名 出生日期 村”再查。",
        "Check the number and the spelling, or ask by name, birth date and village.",
    ),
    "window.none.usual": (
        "仍未查到的，按普通患者办理；患者认为自己在册的，请其联系所在乡镇或扶贫办核实。",
        (
            "If still not found, treat as any patient; who believes to be on the register asks the "
            "township or the poverty office."
        ),
    ),
    "window.none.open": (
        "就诊在“费用结算”里登记，或由医院系统调用 POST /claims/v1/encounters,就诊号 {visit_no}；补录名册后会自动更正。",
        (
            "Register the case under Settlement, or let the hospital's system call "
            "POST /claims/v1/encounters, visit number {visit_no}; a later roster corrects it by itself."
        ),
    ),
    "window.to_bill": ("办理费用结算", "To the bill"),
    "window.person": ("人员编号", "Person"),
    "window.too_long": ("内容过长或无法使用，请核对", "Too long or not usable; check it"),
    "window.at.fault": ("时间无法读取", "The time cannot be read"),
    "window.keys": (
        "回车识别 · 结果出来后可直接输入下一位",
        "Enter asks · then simply type the next patient",
    ),
}
