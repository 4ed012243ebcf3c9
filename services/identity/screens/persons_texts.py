"""Texts of persons, merges and cards, Chinese and English."""

from __future__ import annotations

PERSONS: dict[str, tuple[str, str]] = {
    "persons.title": ("人员查询", "Persons"),
    "persons.box": (
        "证件号码、姓名(可加出生日期)或健康卡号",
        "ID number, name (and birth date), or card number",
    ),
    "persons.box.hint": (
        "例：张三 1962-03-04。按回车即查，每次查询留痕。",
        "e.g. 张三 1962-03-04. Enter searches; each search is logged.",
    ),
    "persons.do": ("查询", "Search"),
    "persons.found": ("查到 {n} 人", "{n} found"),
    "persons.found.none": (
        "登记册中没有相符的人员。请核对号码或姓名用字；姓名须与登记一致，窗口识别则容许同音字。",
        (
            "Nobody on the register fits. Check number and spelling: the name must be as registered; "
            "the window allows for homophones."
        ),
    ),
    "persons.truncated": (
        "相符人员较多，只显示前 {n} 人，请加上出生日期。",
        "More fit; the first {n} are shown. Add the birth date.",
    ),
    "persons.open": ("查看", "Open"),
    "person.to_doctor": ("签约与随访", "Family doctor"),
    "person.merged": (
        "您打开的记录已并入此人。",
        "The record that you opened was merged into this person.",
    ),
    "person.absorbed": ("此人合并了 {n} 条记录。", "{n} records were merged into this person."),
    "person.asof": ("查某一天的类别", "Categories on a day"),
    "person.asof.day": ("哪一天", "On which day"),
    "person.asof.known": ("按哪一天所知", "As known on"),
    "person.asof.do": ("查看", "Show"),
    "person.asof.now": ("今天，按今天所知", "today, as known today"),
    "person.asof.shown": (
        "{day} 当日的类别，按 {known} 所知",
        "Categories on {day}, as known on {known}",
    ),
    "person.asof.bad": (
        "日期应写成 2016-05-30,且不晚于今天所知",
        "Write 2016-05-30; nothing is known of a later day than today",
    ),
    "person.asof.none": ("当日没有有效类别。", "No category held on that day."),
    "person.history": ("全部类别", "All categories"),
    "person.history.from": ("起", "From"),
    "person.history.to": ("止", "To"),
    "person.history.open": ("至今", "open"),
    "person.history.why": ("结束原因", "Why it ended"),
    "person.history.recorded": ("记录于", "Recorded"),
    "person.differences": ("各来源不一致的内容", "Where sources differ"),
    "person.differences.lead": (
        "登记册采用主来源的值；其余留存备查。",
        "The register shows the leading source's value; the others are kept.",
    ),
    "person.differences.none": ("各来源一致。", "All sources agree."),
    "person.differences.field": ("项目", "Field"),
    "person.differences.shown": ("采用", "Shown"),
    "person.differences.other": ("另一来源", "The other"),
    "person.differences.ended": ("已消除 {moment}", "ended {moment}"),
    "person.reveal": ("查看完整信息", "Show identifiers"),
    "person.reveal.lead": (
        "姓名、证件号码将完整显示一次，操作人和原因留痕。",
        "Name and number are shown once in clear; who asked and why is kept.",
    ),
    "person.reveal.reason": ("原因", "Why"),
    "person.reveal.do": ("显示并留痕", "Show, and log it"),
    "person.revealed": (
        "完整信息(已留痕，离开本页即消失)",
        "Identifiers (logged; gone when you leave the page)",
    ),
    "cards.title": ("电子健康卡", "Health cards"),
    "cards.none": ("尚未发卡。", "No card was issued."),
    "cards.issue": ("发放新卡", "Issue a card"),
    "cards.issued": (
        "新卡已发放。卡号只显示这一次。",
        "The card is issued. Its number is shown this once.",
    ),
    "cards.number": ("卡号", "Card number"),
    "cards.expires": ("有效期至", "Good until"),
    "cards.since": ("发放", "Issued"),
    "cards.state": ("状态", "State"),
    "cards.good": ("有效", "good"),
    "cards.revoked": ("已注销", "revoked"),
    "cards.over": ("已过期", "expired"),
    "cards.revoke": ("注销", "Revoke"),
    "cards.revoke.reason": ("注销原因(如：报失)", "Why (such as: lost)"),
    "cards.revoke.lead": (
        "注销后不能恢复，需要时发新卡。",
        "It cannot be taken back; a new card is issued if needed.",
    ),
    "cards.revoked.done": ("卡已注销。", "The card is revoked."),
    "cards.qr": ("健康卡二维码", "QR code of the health card"),
    "cards.print": (
        "二维码内不含姓名和证件号码，窗口可离线核验。",
        "The code holds neither name nor ID number; windows verify it offline.",
    ),
    "reissues.title": ("补发健康卡", "Cards to issue again"),
    "reissues.lead": (
        "签发密钥泄露后，用它签发的卡全部注销。名单上的人领到新卡后自动移出。",
        (
            "A key that signs cards was compromised, so every card that it signed was revoked. "
            "Whoever has a new card leaves the list."
        ),
    ),
    "reissues.waiting": (
        "{n} 人待补发，{done} 人已补发",
        "{n} wait for a new card, {done} have one",
    ),
    "reissues.all_done": ("已全部补发，共 {done} 人", "All {done} have a new card"),
    "reissues.none": ("没有需要补发的卡", "No card is to be issued again"),
    "reissues.all": ("全县(区)", "the whole county"),
    "reissues.workbook": ("导出名单", "Take the list out"),
    "reissues.revoked": ("原卡注销", "Revoked"),
    "keys.title": ("发卡密钥", "Keys of the cards"),
    "keys.lead": (
        (
            "密钥可能落入他人之手时，一人上报，另一人核实后作废：用它签发的卡当即全部注销，由新密钥补发。"
            "只上报、未核实时，窗口照常验卡。"
        ),
        (
            "When somebody else may hold a key, one person reports it and another confirms: every card "
            "that it signed is revoked at once, and a new key signs. A report alone changes nothing "
            "at the windows."
        ),
    ),
    "keys.none": ("尚未发卡，还没有密钥。", "No card was issued, so there is no key yet."),
    "keys.made": ("{moment} 启用，有效卡 {n} 张", "made {moment}, {n} good cards"),
    "keys.signing": ("在用", "signs new cards"),
    "keys.retired": ("已停用，所签的卡仍有效", "signs no more; its cards stay good"),
    "keys.reported": ("已上报，待另一人核实", "reported, waits for another person"),
    "keys.compromised": ("已作废", "proves nothing any more"),
    "keys.reason.of": ("上报原因：{reason}", "Why: {reason}"),
    "keys.report": ("上报泄露", "Report it as compromised"),
    "keys.report.lead": (
        "上报后须由另一人核实作废；误报可以撤回。",
        "Another person confirms it; a false alarm can be taken back.",
    ),
    "keys.report.do": ("上报", "Report"),
    "keys.report.reason": ("何时何处可能泄露", "When and where it may have leaked"),
    "keys.reported.done": (
        "已上报。请另一人到本页核实。",
        "Reported. Ask another person to confirm it on this page.",
    ),
    "keys.confirm": ("核实作废", "Confirm"),
    "keys.confirm.lead": (
        "{n} 张有效卡将当即注销，不能恢复；持卡人列入补发名单。",
        "{n} good cards are revoked at once, for ever; their holders are listed for new ones.",
    ),
    "keys.confirm.do": ("注销 {n} 张卡", "Revoke {n} cards"),
    "keys.confirm.own": (
        "由您上报，须由另一人核实。",
        "You reported it; another person confirms it.",
    ),
    "keys.withdraw": ("撤回上报", "Take the report back"),
    "keys.withdrawn.done": (
        "上报已撤回，密钥照常使用。",
        "The report is taken back; the key goes on.",
    ),
    "keys.compromised.done": (
        "密钥已作废，所签的卡已全部注销，新卡由新密钥签发。",
        "The key proves nothing any more and its cards are revoked; a new key signs.",
    ),
    "keys.waiting": (
        "{n} 个发卡密钥已上报泄露，待另一人核实",
        "{n} keys are reported as compromised and wait for another person",
    ),
    "merge.title": ("合并重复记录", "Merge a double record"),
    "merge.lead": (
        "此人在登记册中若有另一条记录，先找到它，对照后再合并。",
        "If this person has another record, find it first, compare, then merge.",
    ),
    "merge.find": (
        "另一条记录：证件号码、姓名或健康卡号",
        "The other record: ID number, name or card",
    ),
    "merge.find.do": ("查找", "Find"),
    "merge.find.none": ("没有找到别的记录。", "No other record was found."),
    "merge.choose": ("对照", "Compare"),
    "merge.compare": ("对照两条记录", "Compare the two records"),
    "merge.kept": ("保留", "Kept"),
    "merge.absorbed": ("并入", "Merged into it"),
    "merge.reason": ("合并原因", "Why they are one person"),
    "merge.do": ("合并为一人", "Merge"),
    "merge.consequence": (
        "两条记录今后视为同一人，类别合并计算，既往识别相应更正；合并可以撤销。",
        (
            "From now on both are one person, their categories count together and earlier "
            "recognitions are corrected. A merge can be undone."
        ),
    ),
    "merge.swap": ("互换保留与并入", "Swap who is kept"),
    "merge.done": (
        "已合并。更正了 {n} 次既往识别。",
        "Merged. {n} earlier recognitions were corrected.",
    ),
    "merge.history": ("合并记录", "Merges"),
    "merge.by": ("{who} 于 {moment} 合并", "merged by {who}, {moment}"),
    "merge.undone": ("{who} 于 {moment} 撤销", "undone by {who}, {moment}"),
    "merge.undo": ("撤销合并", "Undo"),
    "merge.undo.reason": ("撤销原因(可不填)", "Why (optional)"),
    "merge.undo.lead": ("撤销后两条记录各自恢复。", "Each record is again what it was."),
    "merge.undo.done": ("合并已撤销。", "The merge is undone."),
    "reason.missing": ("请至少用四个字说明原因", "Say why in at least four characters"),
    "reason.short": ("请说明原因", "Say why"),
}
