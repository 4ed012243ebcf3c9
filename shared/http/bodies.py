"""Reading a request's body strictly; what cannot be read is told with the cure."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from fastapi import Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from shared.http.problem import FieldFault, Problem
from shared.http.text import (
    TextNotStorable,
    may_hold_unstorable,
    refuse_unstorable,
    storable,
    unstorable_fault,
)

_BAD_REQUEST = 400
_GRAMMAR = (
    "the text breaks JSON's grammar: check quotes, commas and brackets",
    "JSON 语法有误，请检查引号、逗号和括号",
)
_ENCODING = ("send the JSON in UTF-8", "请以 UTF-8 编码发送 JSON")
_DEPTH = (
    "the JSON is nested too deeply: send it as documented",
    "JSON 嵌套层数过多，请按接口说明发送",
)
_NOT_FINITE = (
    "JSON has no NaN and no Infinity: send a finite number",
    "JSON 中不允许 NaN 或 Infinity,请填写有限的数值",
)  # fmt: skip


class MalformedJson(Problem):
    code = "malformed_json"
    title = "The body is not JSON"
    title_zh = "请求体不是合法的 JSON"


class MalformedForm(Problem):
    code = "malformed_form"
    title = "The form cannot be read"
    title_zh = "表单内容无法读取"


class BodyRefused(HTTPException):
    """Carries a problem through FastAPI, which turns other errors of body reading into a 400."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.status)
        self.problem = problem


class StrictRequest(Request):
    """A request whose JSON is UTF-8, has only numbers that JSON knows, and storable texts."""

    async def json(self) -> Any:
        """The parsed body.

        Raises:
            BodyRefused: with a ``MalformedJson`` or ``TextNotStorable``.
        """
        if not hasattr(self, "_json"):
            body = await self.body()
            document = _parse(body)
            if may_hold_unstorable(body):
                try:
                    refuse_unstorable(document)
                except TextNotStorable as problem:
                    raise BodyRefused(problem) from None
            self._json = document
        return self._json

    async def _get_form(self, **limits: Any) -> FormData:
        try:
            form: FormData = await super()._get_form(**limits)
        except HTTPException as error:
            if error.status_code != _BAD_REQUEST:
                raise
            fault = FieldFault(
                "body",
                "malformed_form",
                "send multipart/form-data with its boundary, or an urlencoded form, as documented",
                "请按接口说明以 multipart/form-data(含 boundary)或 urlencoded 表单发送",
            )
            raise BodyRefused(MalformedForm(errors=[fault])) from error
        faults = [
            unstorable_fault(name if storable(name) else "form")
            for name, value in form.multi_items()
            if not storable(name + (value if isinstance(value, str) else value.filename or ""))
        ]
        if faults:
            await form.close()
            raise BodyRefused(TextNotStorable(errors=faults))
        return form


def _parse(body: bytes) -> Any:
    if b"\x00" in body[:4]:  # UTF-16 and UTF-32, which json would guess
        _refuse(_ENCODING)
    try:
        return json.loads(body, parse_constant=lambda _: _refuse(_NOT_FINITE))
    except UnicodeDecodeError:
        _refuse(_ENCODING)
    except RecursionError:
        _refuse(_DEPTH)
    except ValueError:
        _refuse(_GRAMMAR)


def _refuse(words: tuple[str, str]) -> NoReturn:
    fault = FieldFault("body", MalformedJson.code, *words)
    raise BodyRefused(MalformedJson("send one JSON document in UTF-8", errors=[fault])) from None
