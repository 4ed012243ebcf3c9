"""Texts of the alarms about guessing, Chinese and English."""

from __future__ import annotations

ALARMS: dict[str, tuple[str, str]] = {
    "alarms.title": ("异常查询", "Alarms"),
    "alarms.lead": (
        (
            "有人反复查询却查不到人，或大量查看完整身份信息，可能是在试探谁在名册上。"
            "系统已自动限制；请核实是谁，不是正常窗口的，停用其账号或接口密钥。"
        ),
        (
            "Somebody asked again and again and found nobody, or looked at very many identifiers: he may "
            "be finding out who is registered. He was slowed down. Find out who it is; if it is no "
            "window at work, disable the account or the program's key."
        ),
    ),
    "alarms.none": ("没有异常。", "Nothing to look into."),
    "alarms.unseen": ("{n} 条待核实", "{n} to look into"),
    "alarms.all_seen": ("均已核实", "all looked into"),
    "alarms.who": ("账号或程序", "Account or program"),
    "alarms.where": ("在何处", "Where"),
    "alarms.refused": ("拒绝次数", "Refused"),
    "alarms.between": ("首次至最近", "First to last"),
    "alarms.state": ("核实情况", "Looked into"),
    "alarms.seen": ("已核实", "Looked into"),
    "alarms.see": ("标为已核实", "Looked into it"),
    "alarms.place.persons": ("人员查询", "searching the register"),
    "alarms.place.cards": ("健康卡核验", "checking cards"),
    "alarms.place.lists": ("批量识别", "matching lists"),
    "alarms.place.reveals": ("查看完整身份信息", "showing identifiers"),
}
