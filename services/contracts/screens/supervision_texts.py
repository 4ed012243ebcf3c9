"""The texts of supervision: teams, registers, referrals, who did not come, imports."""

from __future__ import annotations

TEAMS: dict[str, tuple[str, str]] = {
    "teams.title": ("团队督导", "Supervision"),
    "teams.lead": (
        "截至 {day};完成与未完成按 {month} 计。",
        "As of {day}; done and missed count for {month}.",
    ),
    "teams.team": ("团队", "Team"),
    "teams.contracts": ("履约中签约", "Contracts in force"),
    "teams.ready": ("待办", "To do"),
    "teams.overdue": ("逾期", "Overdue"),
    "teams.done": ("本月完成", "Done"),
    "teams.missed": ("本月未完成", "Missed"),
    "teams.unserved": ("无服务记录的签约", "Contracts without service"),
    "teams.total": ("合计", "Total"),
}

REGISTERS: dict[str, tuple[str, str]] = {
    "registers.title": ("疾病登记", "Disease register"),
    "registers.lead": (
        "发现 → 管理 → 治愈销号;没有佐证不能销号。",
        "Found, then managed, then cured and closed; never closed without evidence.",
    ),
    "registers.disease": ("疾病", "Disease"),
    "registers.total": ("合计", "Total"),
    "registers.none": ("登记册是空的。", "Nothing is on the register."),
    "registers.cases": ("{disease}名单", "{disease}: the cases"),
    "registers.open": (
        "{disease},{state} {n} 例,看名单",
        "{disease}, {state}: {n} cases, open the list",
    ),
    "registers.name": ("姓名", "Name"),
    "registers.place": ("住处", "Home"),
    "registers.state": ("状态", "State"),
    "registers.dates": ("发现 / 管理 / 销号", "Found / managed / closed"),
    "registers.must": ("应签约", "must be contracted"),
}

REFERRALS: dict[str, tuple[str, str]] = {
    "referrals.title": ("转诊", "Referrals"),
    "referrals.lead": (
        "两端都看得到谁在等;紧急的在前,然后按等待时间。",
        "Both ends see who waits: the urgent first, then the longest waiting.",
    ),
    "referrals.filter": ("按状态看", "By state"),
    "referrals.none": ("没有这样的转诊。", "There is no such referral."),
    "referrals.waits": ("已等 {n} 天", "waits {n} days"),
    "referrals.yours": ("等您答复", "waits for you"),
    "referrals.reason.missing": ("请写明拒绝原因", "Say why"),
}

IMPORTS: dict[str, tuple[str, str]] = {
    "imports.title": ("批量签约", "Contracts in bulk"),
    "imports.lead": (
        "先下载模板填写,试导入看每行结果,再正式导入。同一文件导两次,结果不变。",
        "Fill in the template, try it, then import. The same file twice changes nothing more.",
    ),
    "imports.template": ("下载空白模板", "Empty template"),
    "imports.template.people": ("下载带待签约人员的模板", "Template with those still to sign"),
    "imports.file": ("文件(.xlsx)", "File (.xlsx)"),
    "imports.file.missing": ("请选择文件", "Choose a file"),
    "imports.try": ("试导入", "Try"),
    "imports.apply": ("正式导入", "Import"),
    "imports.before": ("导入记录", "Imports"),
    "imports.none": ("还没有导入过。", "Nothing was imported yet."),
    "imports.at": ("时间", "When"),
    "imports.by": ("经办", "By"),
    "imports.state": ("状态", "State"),
    "imports.rows": ("行数", "Rows"),
    "imports.accepted": ("通过", "Accepted"),
    "imports.unchanged": ("已有", "On record already"),
    "imports.rejected": ("退回", "Rejected"),
    "imports.status.applied": ("已导入", "Imported"),
    "imports.status.dry_run": ("试导入,未写入", "Tried, nothing written"),
    "imports.status.undone": ("已撤销", "Taken back"),
    "imports.kept_back": (
        "有 {n} 份签约在导入后又办过手续或已计费,撤销时保留。",
        "{n} contracts had gone on or were paid for, and were left.",
    ),
    "imports.faults": ("退回的行", "Rejected rows"),
    "imports.row": ("行", "Row"),
    "imports.column": ("列", "Column"),
    "imports.why": ("原因和改法", "Why, and the cure"),
    "imports.verdicts": ("下载每行结果", "Every row's verdict"),
    "imports.undo": ("撤销这次导入", "Take this import back"),
    "imports.undo.note": (
        "这次导入的签约按录入有误终止;之后又办过手续的保留。",
        "Its contracts end as entered in error; what has gone on since is left.",
    ),
    "imports.done.sent": ("文件已处理,结果如下。", "The file was read; this is what came of it."),
    "imports.done.undone": ("已撤销。", "Taken back."),
    "imports.back": ("回到导入记录", "Back to the imports"),
}

OVERDUE: dict[str, tuple[str, str]] = {
    "overdue.title": ("没来的人", "Who did not come"),
    "overdue.lead": (
        "逾期或错过的人各列一次;先联系的在前。",
        "Everybody overdue once, whom to call first on top.",
    ),
    "overdue.filter": ("按情况看", "By state"),
    "overdue.none": ("没有这样的人。", "Nobody."),
    "overdue.days": ("逾期 {n} 天", "{n} days overdue"),
    "overdue.count": ("逾期 {overdue} 项,错过 {missed} 项", "{overdue} overdue, {missed} missed"),
    "overdue.last": ("{day} 联系:{outcome}", "called {day}: {outcome}"),
    "overdue.agreed": ("约定 {day}", "agreed for {day}"),
    "overdue.again": ("{day} 再联系", "call again {day}"),
    "overdue.call": ("记录联系", "Record a call"),
    "overdue.returns": (
        "近 {days} 天联系 {calls} 次,接通 {reached} 次;应返回 {judged} 人,已返回 {returned} 人",
        "Last {days} days: {calls} calls, {reached} reached; of {judged} who should have come {returned} came",
    ),
    "overdue.at": ("联系时间", "When"),
    "overdue.at.malformed": ("请填写联系时间", "Give the time of the call"),
    "overdue.outcome": ("结果", "Outcome"),
    "overdue.agreed_on": ("约定日期(约定时填)", "Agreed day (where one is agreed)"),
    "overdue.since": ("去世或迁出日期(可不填)", "Day of death or move (optional)"),
    "overdue.evidence": (
        "谁说的或什么凭据(去世、迁出时必填)",
        "Who says so (needed for a death or a move)",
    ),
    "overdue.consent": ("是否同意电话联系", "Consent to be called"),
    "overdue.consent.none": ("没问", "not asked"),
    "overdue.consent.given": ("同意", "given"),
    "overdue.consent.refused": ("不同意", "refused"),
    "overdue.note": ("备注(加密保存,可不填)", "Note (kept encrypted, optional)"),
    "overdue.done": ("已记录。", "Recorded."),
    "overdue.state.to_call": ("待联系", "To be called"),
    "overdue.state.call_again": ("需再次联系", "To be called again"),
    "overdue.state.waiting": ("已联系,暂缓", "Called, not yet again"),
    "overdue.state.agreed": ("已约定,等待返回", "A day is agreed"),
    "overdue.state.broken": ("约定未到", "The agreed day has passed"),
    "overdue.state.do_not_call": ("不同意电话联系", "Does not want to be called"),
    "overdue.state.closed": ("已终止(迁出、死亡)", "Moved away or died"),
    "overdue.open": ("需要联系", "A call is of use"),
}
