"""Goal: every fault has a place and a cure in two languages, and shows nothing that was sent."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from shared.http.faults import field_faults, in_a_form
from shared.http.problem import FieldFault
from shared.money import Money


class Colour(Enum):
    RED = "red"


class Line(BaseModel):
    amount: Money


class Everything(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=2, max_length=4, pattern="^[a-z]+$")] = "ab"
    number: Annotated[int, Field(ge=1, lt=10)] = 1
    ratio: Decimal = Decimal(1)
    kind: Literal["outpatient", "inpatient"] = "inpatient"
    colour: Colour = Colour.RED
    day: date = date(2016, 3, 1)
    moment: AwareDatetime = datetime.fromisoformat("2016-03-01T00:00:00+08:00")
    record: UUID | None = None
    lines: Annotated[list[Line], Field(max_length=2)] = []
    flag: bool = False
    own: str = ""
    careless: str = ""
    custom: str = ""

    @field_validator("own")
    @classmethod
    def _own(cls, value: str) -> str:
        if value:
            raise ValueError("send nothing here")
        return value

    @field_validator("careless")
    @classmethod
    def _careless(cls, value: str) -> str:
        if value:
            raise ValueError(f"{value} is wrong")
        return value

    @field_validator("custom")
    @classmethod
    def _custom(cls, value: str) -> str:
        if value:
            raise PydanticCustomError(
                "check_digit", "check the last digit", {"message_zh": "校验位不符"}
            )
        return value


def faults(document: object) -> list[FieldFault]:
    with pytest.raises(ValidationError) as caught:
        Everything.model_validate(document)
    return field_faults(caught.value.errors())


SENT = "张小三511301199001011234"


@pytest.mark.parametrize(
    ("document", "field", "code", "words", "words_zh"),
    [
        ({"text": "a"}, "text", "string_too_short", "at least 2", "至少 2"),
        ({"text": "abcde"}, "text", "string_too_long", "at most 4", "最多 4"),
        ({"text": "张三"}, "text", "string_pattern_mismatch", "form", "格式"),
        ({"text": 5}, "text", "string_type", "quotes", "文本"),
        ({"number": 0}, "number", "greater_than_equal", "not less than 1", "不得小于 1"),
        ({"number": 10}, "number", "less_than", "less than 10", "须小于 10"),
        ({"number": SENT}, "number", "int_parsing", "whole number", "整数"),
        ({"ratio": SENT}, "ratio", "decimal_parsing", "0.60", "0.60"),
        ({"kind": SENT}, "kind", "literal_error", "'outpatient' or 'inpatient'", "outpatient"),
        ({"colour": SENT}, "colour", "enum", "'red'", "'red'"),
        ({"day": SENT}, "day", "date_from_datetime_parsing", "2016-03-01", "2016-03-01"),
        ({"day": "2016-02-30"}, "day", "date_from_datetime_parsing", "no such date", "日期无效"),
        ({"moment": "2016-03-01T09:30:00"}, "moment", "timezone_aware", "offset", "时区"),
        ({"moment": SENT}, "moment", "datetime_from_date_parsing", "no such time", "时间无效"),
        ({"record": SENT}, "record", "uuid_parsing", "id as this system", "编号"),
        ({"lines": [{}]}, "lines[0].amount", "missing", "required", "必填"),
        ({"lines": [{"amount": 5}]}, "lines[0].amount", "money_malformed", "1234.56", "1234.56"),
        ({"lines": [{"amount": SENT}]}, "lines[0].amount", "money_malformed", "1234.56", "金额"),
        ({"lines": [{"amount": "1"}] * 3}, "lines", "too_long", "at most 2", "最多 2"),
        ({"flag": SENT}, "flag", "bool_parsing", "true or false", "true 或 false"),
        ({"unknown": SENT}, "unknown", "extra_forbidden", "leave it out", "删除"),
        ({SENT: 1}, "…", "extra_forbidden", "leave it out", "删除"),
        ({"own": SENT}, "own", "invalid", "send nothing here", "接口说明"),
        ({"careless": SENT}, "careless", "invalid", "does not fit", "接口说明"),
        ({"custom": SENT}, "custom", "check_digit", "last digit", "校验位"),
    ],
)
def test_each_kind_has_its_words(document, field, code, words, words_zh):
    """Goal: name the field, the fault and the cure. Method: one document per kind."""
    (fault,) = faults(document)
    assert (fault.field, fault.code) == (field, code)
    assert words in fault.message
    assert words_zh in fault.message_zh
    assert "{" not in fault.message + fault.message_zh
    for part in (fault.field, fault.message, fault.message_zh):
        assert SENT not in part
        assert "张" not in part


def test_place_leaves_out_where_it_came_from():
    """Goal: "visit.occurred_at", not "body.visit.occurred_at"."""
    error = {"type": "missing", "loc": ("body", "visit", "occurred_at"), "msg": "", "input": {}}
    (fault,) = field_faults([error])
    assert fault.field == "visit.occurred_at"


def test_many_faults_are_cut():
    """Goal: an answer has a size."""
    error = {"type": "missing", "loc": ("body", "x"), "msg": "", "input": None}
    assert len(field_faults([error] * 1000)) == 50


def test_an_unknown_kind_has_general_words():
    """Goal: a kind that pydantic invents tomorrow shows nothing that was sent."""
    error = {"type": "tomorrow", "loc": ("body", "x"), "msg": f"bad {SENT}", "input": SENT}
    (fault,) = field_faults([error])
    assert fault.code == "tomorrow"
    assert SENT not in fault.message


class Form(BaseModel):
    name: str
    code: Annotated[str, Field(pattern="^[A-Z][0-9]{2}$")]
    share: Decimal
    amount: Money
    kind: Literal["home", "clinic"]
    at: AwareDatetime
    sure: bool
    by: UUID


@pytest.mark.parametrize(
    "typed", [{}, dict.fromkeys(Form.model_fields), dict.fromkeys(Form.model_fields, "甲")]
)
def test_a_form_speaks_to_people(typed: dict[str, str | None]) -> None:
    """Goal: no word of JSON, no list of codes, no offset beside a field of a form; a slice's own
    words stay. Method: every field left out, empty, and wrong."""
    typed = typed | {"name": None} if typed else typed
    with pytest.raises(ValidationError) as caught:
        Form.model_validate(typed)
    faults = field_faults(caught.value.errors())
    assert {fault.field for fault in faults} == set(Form.model_fields)
    for fault in faults:
        english, chinese = in_a_form(fault)
        for word in ("字符串", "接口", "可用值", "+08:00", "JSON"):
            assert word not in chinese, (fault.field, chinese)
        assert "send" not in english, (fault.field, english)
    own = FieldFault("evidence", "missing", "say who told", "请填写依据：何人告知或何种证明")
    assert in_a_form(own) == ("say who told", "请填写依据：何人告知或何种证明")
