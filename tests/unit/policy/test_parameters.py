"""Dated parameters: values by day, what is missing, what was assumed, what is given for once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from shared.policy.errors import OverrideRefused, PackInvalid, ParameterMissing
from shared.policy.parameter_files import load_parameters

CONTENT = """
fee.base:
  description: { zh: 费用, en: a fee }
  unit: CNY
  citation: { document: a tariff, article: "7" }
  values:
    2020-01-01: "10.00"
    2021-07-01: { value: "12.50", until: 2021-12-31 }
    2022-01-01: null
    2023-01-01: "15.00"
fee.share:
  description: { zh: 比例, en: a share }
  unit: ratio
  citation: { document: a tariff, article: "8" }
  assumed: true
  note: nobody wrote it down
  values:
    2020-01-01: "0.125"
fee.method:
  description: { zh: 方法, en: a method }
  unit: text
  choices: [exact, round]
  citation: { document: a tariff, article: "9" }
  values:
    2020-01-01: exact
fee.steps:
  description: { zh: 分段, en: steps }
  unit: table
  columns: { above: CNY, count: count, label: text }
  brackets: above
  citation: { document: a tariff, article: "10" }
  values:
    2020-01-01:
      - { above: "0.00", count: "3", label: low }
      - { above: "5.00", count: "1", label: high }
"""


@pytest.fixture
def parameters(tmp_path):
    path = tmp_path / "parameters.yaml"
    path.write_text(CONTENT, encoding="utf-8")
    return load_parameters(path)


@pytest.mark.parametrize(
    ("day", "fen"),
    [
        (date(2020, 1, 1), 1000),
        (date(2021, 6, 30), 1000),
        (date(2021, 7, 1), 1250),
        (date(2021, 12, 31), 1250),
        (date(2023, 1, 1), 1500),
        (date(2999, 1, 1), 1500),
    ],
)
def test_a_value_holds_from_its_start_until_the_next(parameters, day, fen):
    """Goal: the value in force on a day. Method: each edge of the history."""
    assert parameters.at(day).money_fen("fee.base") == fen


@pytest.mark.parametrize("day", [date(2019, 12, 31), date(2022, 1, 1), date(2022, 12, 31)])
def test_a_day_without_a_value_is_refused(parameters, day):
    """Goal: before the first value and while the source leaves it open. Method: those days."""
    with pytest.raises(ParameterMissing) as caught:
        parameters.at(day).money_fen("fee.base")
    assert (caught.value.name, caught.value.day) == ("fee.base", day)


def test_an_unknown_name_is_missing(parameters):
    """Goal: a rule that names nothing gets no default. Method: an unknown name."""
    with pytest.raises(ParameterMissing):
        parameters.at(date(2020, 1, 1)).decimal("fee.none")


def test_every_unit_is_read_as_its_own_type(parameters):
    """Goal: amounts in fen, ratios as Decimal, tables as rows. Method: one of each."""
    view = parameters.at(date(2020, 5, 1))
    assert view.decimal("fee.share") == Decimal("0.125")
    assert view.text("fee.method") == "exact"
    assert view.table("fee.steps")[1] == {"above": 500, "count": Decimal(1), "label": "high"}
    assert view.citation("fee.base").text == "a tariff · 7"
    with pytest.raises(TypeError):
        view.money_fen("fee.share")


def test_the_view_remembers_the_assumed_values_used(parameters):
    """Goal: what a result rests on. Method: nothing looked up, a sourced one, an assumed one."""
    view = parameters.at(date(2020, 5, 1))
    view.money_fen("fee.base")
    assert view.assumptions == ()
    view.decimal("fee.share")
    assert view.assumptions == ("fee.share",)
    assert parameters.at(date(2020, 5, 1)).assumptions == ()


def test_a_value_given_for_once_replaces_the_stated_one(parameters):
    """Goal: overrides of one view. Method: a number, a table, and taking a value away."""
    view = parameters.at(
        date(2020, 5, 1),
        {
            "fee.share": "1",
            "fee.steps": [{"above": "0.00", "count": "9", "label": "all"}],
            "fee.base": None,
        },
    )
    assert view.decimal("fee.share") == 1
    assert view.assumptions == ()
    assert len(view.table("fee.steps")) == 1
    assert view.overridden == {"fee.share", "fee.steps", "fee.base"}
    with pytest.raises(ParameterMissing):
        view.money_fen("fee.base")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fee.base", "1.234"),
        ("fee.base", "-1.00"),
        ("fee.base", 1),
        ("fee.share", "1.000001"),
        ("fee.share", "NaN"),
        ("fee.share", 0.5),
        ("fee.method", "guess"),
        ("fee.steps", []),
        ("fee.steps", [{"above": "0.00"}]),
        ("fee.steps", [{"above": "1.00", "count": "1", "label": "x"}]),
        ("fee.steps", [{"above": "0.00", "count": "1.5", "label": "x"}]),
    ],
)
def test_a_malformed_override_is_refused(parameters, name, value):
    """Goal: the same strictness as in a file. Method: one malformed value each."""
    with pytest.raises(OverrideRefused) as caught:
        parameters.at(date(2020, 1, 1), {name: value})
    assert caught.value.field == f"parameters.{name}"
    assert caught.value.code == "malformed_parameter"


def test_all_faults_of_a_file_are_told(tmp_path):
    """Goal: each fault with file, parameter and code, at once. Method: four faulty parameters."""
    path = tmp_path / "parameters.yaml"
    path.write_text(
        """
a: 5
b:
  description: { zh: 乙, en: b }
  unit: miles
  citation: { document: x, article: y }
  values: { 2020-01-01: "1" }
c:
  description: { zh: 丙 }
  unit: ratio
  values: { soon: "0.5", 2020-01-01: { value: "0.5", until: 2019-01-01 } }
d:
  description: { zh: 丁, en: d }
  unit: CNY
  citation: { document: x, article: y }
  values: {}
""",
        encoding="utf-8",
    )
    with pytest.raises(PackInvalid) as caught:
        load_parameters(path)
    assert {(fault.where, fault.code) for fault in caught.value.faults} == {
        ("a", "not_a_mapping"),
        ("b.unit", "unknown_word"),
        ("c.description.en", "missing"),
        ("c.citation", "missing_citation"),
        ("c.values.soon", "not_a_date"),
        ("c.values", "ends_before_start"),
        ("d.values", "missing"),
    }


def test_on_and_no_are_words(tmp_path):
    """Goal: a key or a text is what stands there. Method: words that older YAML takes for truth
    values, in a parameter's choices."""
    file = tmp_path / "parameters.yaml"
    file.write_text(
        CONTENT.replace("[exact, round]", "[on, no]").replace(
            "2020-01-01: exact", "2020-01-01: on"
        ),
        encoding="utf-8",
    )
    assert load_parameters(file).at(date(2020, 1, 1)).text("fee.method") == "on"
