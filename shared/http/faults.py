"""What is wrong with a field, and the cure, in English and Chinese — never the value itself.

Pydantic's own messages are not used: some repeat a piece of the input.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from shared.http.problem import FieldFault
from shared.http.text import field_path
from shared.money import MoneyMalformed

_MAX_FAULTS = 50
_WHERE = frozenset({"body", "query", "path", "header", "cookie"})

_MESSAGES: dict[str, tuple[str, str]] = {
    "missing": ("this field is required: send it", "缺少必填项，请补充"),
    "extra_forbidden": ("this field is not known here: leave it out", "不支持此字段，请删除"),
    "string_type": ('send text in quotes, such as "abc"', "请填写文本(带引号的字符串)"),
    "string_too_short": ("too short: send at least {min_length} characters", "内容过短，至少 {min_length} 个字符"),
    "string_too_long": ("too long: send at most {max_length} characters", "内容过长，最多 {max_length} 个字符"),
    "string_pattern_mismatch": ("the text has the wrong form: see the field's description for the right one", "格式不符，请按接口说明填写"),
    "string_unicode": ("send valid UTF-8 text", "文本编码有误，请使用 UTF-8"),
    "int_type": ("send a whole number", "请填写整数"),
    "int_parsing": ("send a whole number", "请填写整数"),
    "int_from_float": ("send a whole number without decimals", "请填写不带小数的整数"),
    "int_parsing_size": ("the number is too large", "数值过大"),
    "float_type": ("send a number", "请填写数字"),
    "float_parsing": ("send a number", "请填写数字"),
    "finite_number": ("send a finite number", "请填写有限的数值"),
    "decimal_type": ('send a decimal number as a string, such as "0.60"', '请以字符串填写小数，例如 "0.60"'),
    "decimal_parsing": ('send a decimal number as a string, such as "0.60"', '请以字符串填写小数，例如 "0.60"'),
    "decimal_max_places": ("at most {decimal_places} decimals", "最多 {decimal_places} 位小数"),
    "decimal_max_digits": ("at most {max_digits} digits", "最多 {max_digits} 位数字"),
    "decimal_whole_digits": ("at most {whole_digits} digits before the point", "整数部分最多 {whole_digits} 位"),
    "bool_type": ("send true or false", "请填写 true 或 false"),
    "bool_parsing": ("send true or false", "请填写 true 或 false"),
    "greater_than": ("send a number greater than {gt}", "须大于 {gt}"),
    "greater_than_equal": ("send a number not less than {ge}", "不得小于 {ge}"),
    "less_than": ("send a number less than {lt}", "须小于 {lt}"),
    "less_than_equal": ("send a number not greater than {le}", "不得大于 {le}"),
    "multiple_of": ("send a multiple of {multiple_of}", "须为 {multiple_of} 的倍数"),
    "literal_error": ("not one of the allowed values: send {expected}", "取值不在允许范围内，可用值：{expected}"),
    "enum": ("not one of the allowed values: send {expected}", "取值不在允许范围内，可用值：{expected}"),
    "date_type": ("send a date such as 2016-03-01", "请填写日期，例如 2016-03-01"),
    "date_parsing": ("there is no such date: send one such as 2016-03-01", "日期无效，请按 2016-03-01 的格式填写"),
    "date_from_datetime_parsing": ("there is no such date: send one such as 2016-03-01", "日期无效，请按 2016-03-01 的格式填写"),
    "date_from_datetime_inexact": ("send a date without a time, such as 2016-03-01", "请只填写日期，例如 2016-03-01"),
    "date_past": ("send a date in the past", "须为过去的日期"),
    "date_future": ("send a date in the future", "须为将来的日期"),
    "datetime_type": ("send a time such as 2016-03-01T09:30:00+08:00", "请填写时间，例如 2016-03-01T09:30:00+08:00"),
    "datetime_parsing": ("there is no such time: send one such as 2016-03-01T09:30:00+08:00", "时间无效，请按 2016-03-01T09:30:00+08:00 的格式填写"),
    "datetime_from_date_parsing": ("there is no such time: send one such as 2016-03-01T09:30:00+08:00", "时间无效，请按 2016-03-01T09:30:00+08:00 的格式填写"),
    "datetime_object_invalid": ("there is no such time: send one such as 2016-03-01T09:30:00+08:00", "时间无效，请按 2016-03-01T09:30:00+08:00 的格式填写"),
    "timezone_aware": ("the time needs an offset, such as +08:00", "时间须带时区，例如 +08:00"),
    "uuid_type": ("send an id as this system gave it", "请填写系统给出的编号"),
    "uuid_parsing": ("send an id as this system gave it", "请填写系统给出的编号"),
    "list_type": ("send a list", "请填写列表(数组)"),
    "too_short": ("send at least {min_length} entries", "至少 {min_length} 项"),
    "too_long": ("send at most {max_length} entries", "最多 {max_length} 项"),
    "dict_type": ("send a JSON object", "请填写 JSON 对象"),
    "model_type": ("send a JSON object with Content-Type: application/json", "请以 Content-Type: application/json 发送 JSON 对象"),
    "model_attributes_type": ("send a JSON object with Content-Type: application/json", "请以 Content-Type: application/json 发送 JSON 对象"),
    "none_required": ("leave this field out or send null", "此项须为空"),
    "union_tag_invalid": ("not one of the allowed kinds: send {expected_tags}", "类型不在允许范围内，可用值：{expected_tags}"),
    "union_tag_not_found": ("say which kind it is in {discriminator}", "请在 {discriminator} 中说明类型"),
}  # fmt: skip
_FILL_IN = ("fill this in", "请填写此项")
_CHOOSE = ("choose one of those offered", "请从所列各项中选择")
_WHEN = (
    "give the day and the time, such as 2016-03-01 09:30",
    "请填写日期和时间，例如 2016-03-01 09:30",
)
_IN_A_FORM: dict[str, tuple[str, str]] = {
    "missing": _FILL_IN,
    "string_type": _FILL_IN,
    "date_type": _FILL_IN,
    "uuid_type": _FILL_IN,
    "uuid_parsing": _CHOOSE,
    "string_pattern_mismatch": ("this is not written as it should be: look at it again", "格式不对，请核对后重填"),
    "decimal_type": ("give a number, such as 0.60", "请填写数字，例如 0.60"),
    "decimal_parsing": ("give a number, such as 0.60", "请填写数字，例如 0.60"),
    "bool_type": _CHOOSE,
    "bool_parsing": _CHOOSE,
    "literal_error": _CHOOSE,
    "enum": _CHOOSE,
    "datetime_type": _WHEN,
    "datetime_parsing": _WHEN,
    "datetime_from_date_parsing": _WHEN,
    "datetime_object_invalid": _WHEN,
    "money_malformed": ("give an amount in yuan with at most two decimals, such as 1234.56", "请填写金额（元），最多两位小数，例如 1234.56"),
}  # fmt: skip
"""What is said to a program in JSON's words, in those of somebody who fills in a form."""
_UNKNOWN = (
    "the value does not fit: see the field's description",
    "填写不符合要求，请参照接口说明",
)
_MONEY_ZH = '请以字符串填写金额(元)，最多两位小数，例如 "1234.56"'
_TELLING_ASCII, _TELLING_HAN = 4, 2
"""From this length on, a text found in a message is no chance."""
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")


class FieldWrong(ValueError):
    """What a validator of a whole request finds wrong with one of its fields.

    Its words are constants: they never repeat what was sent.
    """

    def __init__(self, field: str, code: str, message: str, message_zh: str) -> None:
        super().__init__(message)
        self.field = field
        self.code = code
        self.message_zh = message_zh


def field_faults(errors: Sequence[Mapping[str, Any]]) -> list[FieldFault]:
    """Pydantic's errors in our words; at most fifty.

    A validator's ``ValueError`` speaks for itself unless it repeats the input; one with the
    attributes ``code`` and ``message_zh`` (or a ``PydanticCustomError`` with ``message_zh`` in
    its context) gives those too.
    """
    return [_fault(error) for error in errors[:_MAX_FAULTS]]


def in_a_form(fault: FieldFault) -> tuple[str, str]:
    """A fault in English and Chinese for somebody with a form, who knows nothing of JSON.

    What a slice says of its own field is said as it is.
    """
    said_to_programs = _MONEY_ZH if fault.code == "money_malformed" else ""
    if fault.code in _MESSAGES:
        said_to_programs = _MESSAGES[fault.code][1].partition("{")[0]
    if said_to_programs and fault.message_zh.startswith(said_to_programs):
        return _IN_A_FORM.get(fault.code, (fault.message, fault.message_zh))
    return fault.message, fault.message_zh


def _fault(error: Mapping[str, Any]) -> FieldFault:
    place = tuple(error.get("loc", ()))
    if place and place[0] in _WHERE:
        place = place[1:]
    kind = str(error.get("type", ""))
    context = error.get("ctx") or {}
    code = kind if _CODE.fullmatch(kind) else "invalid"
    message, message_zh = _UNKNOWN
    cause = context.get("error")
    if kind in _MESSAGES:
        message, message_zh = (_fill(words, context) for words in _MESSAGES[kind])
    elif isinstance(cause, MoneyMalformed):
        code, message, message_zh = "money_malformed", str(cause), _MONEY_ZH
    elif isinstance(cause, FieldWrong):
        place = (*place, cause.field)
        code, message, message_zh = cause.code, str(cause), cause.message_zh
    elif kind in {"value_error", "assertion_error"}:
        code = str(getattr(cause, "code", "invalid"))
        message, message_zh = str(cause), str(getattr(cause, "message_zh", _UNKNOWN[1]))
        if _repeats(message + message_zh, error.get("input")):
            message, message_zh = _UNKNOWN
    elif "message_zh" in context:
        message, message_zh = str(error.get("msg", "")), str(context["message_zh"])
        if _repeats(message + message_zh, error.get("input")):
            message, message_zh = _UNKNOWN
    return FieldFault(field_path(place), code, message, message_zh)


def _fill(words: str, context: Mapping[str, Any]) -> str:
    try:
        return words.format_map({name: str(value) for name, value in context.items()})
    except (KeyError, IndexError, ValueError):
        return words.partition(":")[0]


def _repeats(message: str, value: Any) -> bool:
    """Whether a validator's own message shows a text that the client sent."""
    if isinstance(value, dict):
        return any(_repeats(message, inner) for inner in value.values())
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return False
    text = str(value).strip()
    telling = _TELLING_ASCII if text.isascii() else _TELLING_HAN
    return len(text) >= telling and text in message
