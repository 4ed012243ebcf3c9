"""Chinese first, English by a switch that is kept per user (a cookie)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Request

COOKIE = "lang"
COOKIE_MAX_AGE_S = 365 * 24 * 3600


class Language(StrEnum):
    """The two languages of the screens."""

    ZH = "zh"
    EN = "en"

    @property
    def tag(self) -> str:
        """What stands in ``<html lang="">``."""
        return "zh-CN" if self is Language.ZH else "en"

    @property
    def other(self) -> Language:
        return Language.EN if self is Language.ZH else Language.ZH


def asked_language(request: Request) -> Language | None:
    """The language that the address asks for (``?lang=en``); None when it does not ask."""
    try:
        return Language(request.query_params.get("lang", ""))
    except ValueError:
        return None


def language_of(request: Request) -> Language:
    """The address first, then the cookie, else Chinese."""
    if (asked := asked_language(request)) is not None:
        return asked
    try:
        return Language(request.cookies.get(COOKIE, ""))
    except ValueError:
        return Language.ZH


CurrentLanguage = Annotated[Language, Depends(language_of)]
"""Endpoint parameter: the user's language."""


class TextMissing(LookupError):
    """A screen asks for a text that nobody wrote."""


class Texts:
    """The texts of some screens: key → (Chinese, English)."""

    def __init__(self, *catalogues: Mapping[str, tuple[str, str]]) -> None:
        self._texts: dict[str, tuple[str, str]] = {}
        for catalogue in catalogues:
            self._texts.update(catalogue)

    def get(self, language: Language, key: str, **values: object) -> str:
        """The text of ``key`` with its ``{placeholders}`` filled.

        Raises:
            TextMissing: there is no such key; a screen never shows a bare key.
        """
        try:
            pair = self._texts[key]
        except KeyError:
            raise TextMissing(key) from None
        text = pair[0] if language is Language.ZH else pair[1]
        return text.format(**values) if values else text

    def starting_with(self, language: Language, prefix: str) -> dict[str, str]:
        """Every text below ``prefix``, for a script; keys without the prefix."""
        place = 0 if language is Language.ZH else 1
        return {
            key.removeprefix(prefix): pair[place]
            for key, pair in self._texts.items()
            if key.startswith(prefix)
        }


COMMON: dict[str, tuple[str, str]] = {
    "product": ("一站", "Yizhan"),
    "product.line": ("健康扶贫 · 一站式结算", "One stop for registered-poor patients"),
    "skip": ("跳到正文", "Skip to content"),
    "nav.label": ("主导航", "Main"),
    "nav.dashboard": ("县域总览", "County"),
    "nav.account": ("我的账号", "My account"),
    "nav.signin": ("登录", "Sign in"),
    "nav.signout": ("退出", "Sign out"),
    "nav.docs": ("接口文档", "API"),
    "nav.docs.identity": ("识别", "Identity"),
    "nav.docs.claims": ("结算", "Claims"),
    "nav.docs.contracts": ("签约", "Contracts"),
    "nav.docs.reporting": ("统计", "Reporting"),
    "language.switch": ("English", "中文"),
    "language.label": ("Switch to English", "切换到中文"),
    "footer.noperson": (
        "本页只显示汇总数字，不显示任何个人。",
        "This page shows totals only, never a person.",
    ),
    "state.met": ("达标", "met"),
    "state.above": ("优于目标", "better than target"),
    "state.warned": ("关注", "watch"),
    "state.missed": ("未达标", "missed"),
    "state.none": ("无目标", "no target"),
    "state.not_applicable": ("暂无数据", "not applicable"),
    "closed": ("已结账", "closed"),
    "provisional": ("暂定", "provisional"),
    "unit.cny": ("元", "CNY"),
    "unit.percent": ("%", "%"),
}
"""Texts of the frame that every screen shares."""
