"""Texts of reviews, Chinese and English."""

from __future__ import annotations

REVIEWS: dict[str, tuple[str, str]] = {
    "reviews.title": ("识别复核", "Reviews"),
    "reviews.open": ("待复核", "Waiting"),
    "reviews.decided": ("已办结", "Decided"),
    "reviews.figures": ("准确率与一致率", "Figures"),
    "reviews.empty": ("没有待复核的识别。", "Nothing waits for a review."),
    "reviews.empty.decided": ("还没有办结的复核。", "No review has been decided yet."),
    "reviews.waiting": (
        "待复核 {open} 件 · 待第二人 {second} 件 · 有分歧 {disputed} 件",
        "{open} waiting · {second} for a second person · {disputed} disputed",
    ),
    "reviews.oldest": ("最早 {moment}", "oldest {moment}"),
    "reviews.list": ("复核任务", "The queue"),
    "reviews.asked": ("窗口所填", "What the window gave"),
    "reviews.registered": ("登记册", "The register"),
    "reviews.candidate": ("候选人员 {n}", "Candidate {n}"),
    "reviews.visit": ("就诊", "Visit"),
    "reviews.visits": ("共 {n} 次就诊等待此结论", "{n} visits wait for this answer"),
    "reviews.evidence": ("比对结果", "Evidence"),
    "reviews.why": ("为何需要复核", "Why a person is asked"),
    "reviews.note": ("备注(如：电话核实)", "Note (such as: confirmed by telephone)"),
    "reviews.same": ("是同一人", "Same person"),
    "reviews.different": ("不是同一人", "A different person"),
    "reviews.different.all": ("都不是", "None of them"),
    "reviews.which": ("请先选定是哪一位候选人员", "Choose first which candidate it is"),
    "reviews.next": ("下一件", "Next"),
    "reviews.previous": ("上一件", "Previous"),
    "reviews.keys": (
        "键盘:1 是同一人 · 2 不是同一人 · J 下一件 · K 上一件 · N 写备注",
        "Keys: 1 same person · 2 different · J next · K previous · N note",
    ),
    "reviews.keys.several": ("A B C… 选定候选人员", "A B C… choose a candidate"),
    "reviews.double": (
        "抽中双人复核：两人分别判断，互不知晓。",
        "Drawn for double review: two persons decide without knowing of each other.",
    ),
    "reviews.second": (
        "已有一人复核，等待第二人独立判断。",
        "One person has decided; a second decides independently.",
    ),
    "reviews.disputed": (
        "前两人意见不一，由第三人裁定。",
        "The first two disagree; a third decides.",
    ),
    "reviews.yours": (
        "您已复核过此件，须由另一人复核。",
        "You have decided this one; another person is to decide it too.",
    ),
    "reviews.status.open": ("待复核", "waiting"),
    "reviews.status.second": ("待第二人", "second person"),
    "reviews.status.disputed": ("有分歧", "disputed"),
    "reviews.status.decided": ("已办结", "decided"),
    "reviews.outcome.same_person": ("是同一人", "same person"),
    "reviews.outcome.different_person": ("不是同一人", "different person"),
    "reviews.words": ("各人意见", "Who said what"),
    "reviews.drift": ("识别质量变化", "Drift"),
    "reviews.drift.precision": (
        "近 {months} 个月“基本确认”的识别中，经复核确为本人的占比(承诺不低于 {promised}%)",
        "Probable recognitions of the last {months} months: right by review (promised: {promised} %)",
    ),
    "reviews.drift.below": (
        "低于承诺：请检查最近的名册，并提高抽查比例。",
        "Below the promise: look at the latest rosters, and have more of them reviewed.",
    ),
    "reviews.drift.kept": ("未见低于承诺。", "No sign that the promise is broken."),
    "reviews.drift.learned": ("学习时间", "Learned"),
    "reviews.drift.people": ("登记人数", "Registered"),
    "reviews.drift.moved": ("变动最大的字段", "Field that moved most"),
    "reviews.drift.shift": ("变动(比特)", "Shift (bits)"),
    "reviews.drift.first": ("首份", "first"),
    "reviews.drift.warning": ("⚠ 变动过大", "⚠ moved too far"),
    "reviews.drift.why": (
        "权重由每次名册学习得出。变动超过 {bits} 比特(胜率翻倍或减半)时，请核对最近一次名册。",
        "Weights are learned from each roster. When one moves by more than {bits} bits (odds doubled or halved), check the latest roster.",
    ),
    "reviews.said.same_person": (
        "已记录：是同一人。相关就诊已更正并通知结算。",
        "Kept: the same person. The visits concerned are corrected and settlement is told.",
    ),
    "reviews.said.different_person": (
        "已记录：不是同一人。此后不再询问。",
        "Kept: a different person. It is not asked again.",
    ),
    "reviews.said.second": (
        "意见已记录，等待另一人独立复核。",
        "Your word is kept; another person decides it independently.",
    ),
    "reviews.said.disputed": (
        "意见已记录，与前一人不一致，转第三人裁定。",
        "Your word is kept; it differs from the first, so a third person decides.",
    ),
    "reviews.said.withdrawn": (
        "结论已收回：别名已删除，相关就诊已更正并通知结算。请重新判断。",
        (
            "The outcome is taken back: aliases are removed, the visits concerned are corrected and "
            "settlement is told. Decide it anew."
        ),
    ),
    "reviews.said.withdrawal_asked": (
        "已记录。此结论由两人作出，需另一人也提出收回后生效。",
        "Kept. Two persons had decided it, so another one is to take it back too.",
    ),
    "reviews.withdraw": ("收回结论", "Take the outcome back"),
    "reviews.withdraw.why": (
        "结论有误时可收回：由此产生的别名删除，受影响的就诊更正，问题重新提出。",
        "If the outcome was wrong: aliases that came of it are removed, visits are corrected, and the question is asked again.",
    ),
    "reviews.withdraw.two": (
        "此结论由两人作出，须两人收回。",
        "Two persons decided it; two take it back.",
    ),
    "reviews.withdraw.reason": ("收回原因", "Reason"),
    "reviews.withdraw.reason_missing": (
        "请至少用四个字说明原因",
        "Write at least four characters that say why",
    ),
    "reviews.withdraw.asked": ("提出收回", "asked to take it back"),
    "reviews.withdrawn": ("结论已收回", "The outcome was taken back"),
    "reviews.withdrawn.again": ("查看重新提出的复核", "Open the review that asks again"),
    "reviews.person": ("查看登记信息", "Open the person"),
    "reviews.month": ("月份", "Month"),
    "reviews.weights": ("权重版本", "Weights"),
    "reviews.count": ("办结数", "Decided"),
    "reviews.precision": ("“基本确认”的准确率", "Precision of “probable”"),
    "reviews.found": ("“存疑”中确为本人", "Found among “possible”"),
    "reviews.agreement": ("双人一致率", "Agreement of two"),
    "reviews.share": (
        "{count}/{total},95% 区间 {low}–{high}",
        "{count} of {total}, 95 % interval {low}–{high}",
    ),
    "reviews.nothing": ("无样本", "no sample"),
    "reviews.figures.none": (
        "近 12 个月没有办结的复核，尚无法计算。",
        "No review was decided in the last 12 months.",
    ),
    "reviews.figures.why": (
        "抽查的“基本确认”中确为本人的占比，即该等级的准确率；双人一致率低时应统一复核口径。",
        (
            "Of the probable ones looked at, how many were indeed the person: the precision of the grade. "
            "Where two reviewers seldom agree, compare how they judge."
        ),
    ),
}
