"""Texts of the window ``/claims/``, Chinese and English."""

from __future__ import annotations

WINDOW: dict[str, tuple[str, str]] = {
    "window.title": ("费用结算", "Settle a bill"),
    "window.find": ("就诊号", "Visit number"),
    "window.find.hint": (
        "医院自己的就诊号或住院号，不是证件号码。按回车即查。",
        "The hospital's own number of the visit, never an ID number. Enter finds it.",
    ),
    "window.find.do": ("查找", "Find"),
    "window.find.malformed": (
        "就诊号只含字母、数字和 . _ / -,最长 64 位；请勿填写证件号码",
        "A visit number has letters, digits and . _ / -, at most 64; never an ID number",
    ),
    "window.find.none": (
        "没有查到这个就诊号。请核对；尚未登记的，可在下方登记。",
        "There is no such visit. Check the number; a visit not yet registered can be below.",
    ),
    "window.find.several": (
        "这个就诊号在多家机构都有，请选择",
        "Several institutions have a visit of this number; choose",
    ),
    "window.facility": ("医疗机构", "Institution"),
    "window.facility.all": ("全部机构", "All institutions"),
    "window.facility.none": (
        "您的账号不属于任何医疗机构，也不属于全县，无法办理结算。请联系管理员。",
        "Your account belongs neither to an institution nor to the county; ask the operator.",
    ),
    "window.unsettled": ("待办就诊", "Visits to be settled"),
    "window.unsettled.none": ("没有待结算的就诊。", "No visit waits to be settled."),
    "window.unsettled.newest": ("最近登记的 {n} 个", "the newest {n}"),
    "window.again": ("需重新结算", "To be settled again"),
    "window.again.lead": (
        "结算后身份或人员类别有变，请逐个打开核对。",
        "What was learned after the settlement changes the person or his categories; open each.",
    ),
    "window.shifted": ("同年较早结算有变的账单", "Bills before which the year has changed"),
    "window.shifted.lead": (
        "同年较早的结算已冲销或更正，大病保险累计随之改变；请逐个打开决定。",
        "An earlier bill of the year was reversed or settled anew, which moves critical illness; open each and decide.",
    ),
    "window.shifted.patient": ("个人多付(+)少付(−)", "Patient pays more (+) or less (−)"),
    "window.room": ("可补付的账单", "Bills that a cap had cut"),
    "window.room.lead": (
        "年度限额曾少付、现在有余额的账单，早的在前；请逐个打开决定。",
        "A yearly cap had cut these and has room now, the oldest first; open each and decide.",
    ),
    "window.room.offered": ("可补付", "Offered"),
    "window.today": ("今天已结算", "Settled today"),
    "window.today.none": ("今天还没有结算。", "Nothing was settled today yet."),
    "window.visit": ("就诊", "Visit"),
    "window.kind": ("类型", "Kind"),
    "window.admitted": ("入院(就诊)", "Admitted"),
    "window.discharged": ("出院(结束)", "Discharged"),
    "window.status": ("状态", "State"),
    "window.categories": ("人员类别", "Categories"),
    "window.charged": ("费用合计", "Charged"),
    "window.patient": ("患者应付", "Patient pays"),
    "window.at": ("结算时间", "Settled at"),
    "window.ordinary": ("普通患者", "ordinary patient"),
    "window.register": ("登记普通就诊", "Register a visit"),
    "window.register.lead": (
        "识别为贫困患者的就诊会自动登记；这里只登记未经识别的就诊。",
        "A recognised patient's visit registers itself; this is for a visit that was not recognised.",
    ),
    "window.register.do": ("登记", "Register"),
    "window.register.at": ("入院(就诊)时间", "Time of admission"),
    "window.register.deposit": ("押金(元)", "Deposit (CNY)"),
    "window.wait": ("正在等待识别结果到达", "Waiting for the recognition to arrive"),
    "window.wait.lead": (
        "识别结果通常在一秒内到达结算；到达后本页自动打开该就诊。",
        "A recognition usually arrives within a second; this page then opens the case by itself.",
    ),
    "window.wait.nobody": (
        "存疑或未查到的识别不会自动登记就诊：请返回按普通就诊登记。",
        "A doubtful recognition registers no visit by itself: go back and register it.",
    ),
    "window.back": ("返回结算窗口", "Back to the window"),
}
