"""The texts of today's list and of recording a visit."""

from __future__ import annotations

TODAY: dict[str, tuple[str, str]] = {
    "today.title": ("今天的任务", "Today's tasks"),
    "today.as_of": ("{day} 的任务清单", "Tasks of {day}"),
    "today.sum": (
        "{tasks} 项任务，{households} 户；其中逾期 {overdue} 项",
        "{tasks} tasks in {households} households, {overdue} of them overdue",
    ),
    "today.later": (
        "不急的：{n} 项，{day} 以后到期",
        "Not pressing: {n} tasks, due after {day}",
    ),
    "today.later.title": ("不急的任务", "Tasks that do not press yet"),
    "today.later.lead": (
        "{day} 以后到期。顺路可以先办。",
        "Due after {day}. Do them when you pass by.",
    ),
    "today.now": ("回到今天的任务", "Back to today's tasks"),
    "today.none": ("这一天没有要办的任务。", "Nothing is to be done on this day."),
    "today.team": ("团队", "Team"),
    "today.village": ("村", "Village"),
    "today.date": ("日期", "Day"),
    "today.other": ("换团队、村或日期", "Another team, village or day"),
    "today.choose": ("查看", "Show"),
    "today.village.sum": (
        "{households} 户 · {tasks} 项",
        "{households} households · {tasks} tasks",
    ),
    "today.village.overdue": ("逾期 {n} 项", "{n} overdue"),
    "today.due": ("{day} 前", "by {day}"),
    "today.due.today": ("今天到期", "due today"),
    "today.overdue": ("逾期 {n} 天（应于 {day} 前）", "{n} days overdue (was due by {day})"),
    "today.discharged": ("{day} 出院", "discharged {day}"),
    "today.do.visit": ("记录随访", "Record"),
    "today.do.check-up": ("记录体检", "Record check-up"),
    "today.do.report": ("登记报告", "Record the report"),
    "today.do.sign": ("去签约", "Sign"),
    "today.more": ("后面还有任务，继续看", "There are more; go on"),
    "today.whom": ("看 {name} 的档案", "The page of {name}"),
}

VISIT: dict[str, tuple[str, str]] = {
    "visit.title": ("记录随访", "Record a follow-up"),
    "visit.at": ("随访时间", "When"),
    "visit.way": ("方式", "How"),
    "visit.outcome": ("结果", "Outcome"),
    "visit.measured": ("测量", "Measured"),
    "visit.more": ("更多项目(可不填)", "More (optional)"),
    "visit.empty": ("未填", "not given"),
    "visit.note": ("备注(加密保存，不外传)", "Note (kept encrypted, never passed on)"),
    "visit.save": ("保存", "Save"),
    "visit.why": ("依据：{citation}", "Because: {citation}"),
    "visit.due": ("应于 {day} 前完成", "Due by {day}"),
    "visit.closed": (
        "此任务已办结，不能再记录。",
        "This task is done; nothing more can be recorded.",
    ),
    "visit.unlikely": (
        "{name}少见(通常 {low}–{high} {unit})。请再量一次；确实无误请在下面打勾再保存。",
        "{name} is rarely outside {low} to {high} {unit}. Look again; if it is right, tick below.",
    ),
    "visit.confirm": ("已核对，数值无误", "I looked again; it is right"),
    "visit.missing": ("请填写{name}", "Fill in the {name}"),
    "visit.at.malformed": ("请填写随访时间，如 2016-03-01 09:30", "Give the time of the visit"),
    "visit.done": ("已记录 {name} 的随访。", "The follow-up of {name} is recorded."),
    "visit.done.controlled": ("控制满意。", "Controlled."),
    "visit.done.uncontrolled": ("控制不满意。", "Not controlled."),
    "visit.done.referral": ("按规范应建议转诊。", "The standard asks for a referral."),
    "visit.done.next": ("下次随访在 {day} 前。", "The next visit is due by {day}."),
    "visit.attempt": ("这次没有随访成，任务仍在清单里。", "It did not come about; the task stays."),
    "visit.refer": ("办理转诊", "Refer"),
    "visit.back": ("回到清单", "Back to the list"),
    "reveal.open": ("查看姓名和电话", "Show name and telephone"),
    "reveal.lead": (
        "查看会留痕：谁、什么时候、为什么。",
        "This is logged: who, when and why.",
    ),
    "reveal.reason": ("原因", "Why"),
    "reveal.default": ("上门随访前联系", "To call before the visit"),
    "reveal.do": ("查看", "Show"),
}
