"""The texts that the screens of every service share."""

from __future__ import annotations

KIT: dict[str, tuple[str, str]] = {
    "problem.title": ("未能办理", "This could not be done"),
    "problem.back": ("返回", "Back"),
    "lost": (
        "没有得到系统应答，刚才的操作可能未完成。请稍后重试；仍不行请联系管理员。",
        (
            "The system did not answer; what you did may not have been carried out. Try again shortly, "
            "then call the operator."
        ),
    ),
    "who.client": ("接口 {name}", "client {name}"),
    "who.nobody": ("—", "—"),
    "none": ("无", "none"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "all": ("全部", "all"),
    "more": ("下一页", "More"),
    "first": ("回到第一页", "Back to the first"),
    "required": ("必填", "required"),
    "optional": ("可不填", "optional"),
    "save": ("保存", "Save"),
    "cancel": ("不办了", "Cancel"),
    "busy": ("正在办理…", "Working…"),
    "footer.logged": (
        "本页每次查询都会留痕。姓名与证件号码不会出现在网址中。",
        "Every look-up here is logged. No name or number ever stands in an address.",
    ),
}
