"""Entered figures: what may be kept, what a file says."""

from decimal import Decimal

import pytest

from services.reporting.entries.domain import Figure, FileUnreadable, Wanted, read_figure, read_file
from services.reporting.figures.domain import rate
from services.reporting.figures.repository import Sums
from services.reporting.indicators.catalogue import catalogue
from services.reporting.indicators.service import evaluate
from tests.unit.reporting.test_figures import DAY


def read(
    code: str, numerator: str = "", denominator: str = "", stated: str = "", **more: str
) -> object:
    told = {"period": "2016-H1", "area": "", "evidence": "上半年总结"} | more
    return read_figure(
        Wanted(code, numerator=numerator, denominator=denominator, stated=stated, **told),
        catalogue()[code],
    )


@pytest.mark.parametrize(
    ("code", "parts", "value"),
    [
        ("two_way_referral_agreements", ("15", "", ""), "15"),  # JK-39
        ("village_doctor_contract_rate", ("", "", "85%"), "0.8500"),  # JK-40
        ("home_survey_rate", ("1175", "3793", "30.98%"), "0.3098"),  # JK-41
        ("folic_acid_rate", ("439", "445", "98.65%"), "0.9865"),  # JK-43
        ("mother_child_test_rate", ("307", "400", "76.75%"), "0.7675"),  # JK-44
        ("preconception_check_rate", ("186", "310", "60%"), "0.6000"),  # JK-45
        ("premarital_check_rate", ("141", "149", "0.9463"), "0.9463"),  # JK-46
        ("hospital_delivery_rate", ("", "", "99.46%"), "0.9946"),  # JK-47
        ("infectious_disease_incidence", ("60", "49423", ""), "121.40"),  # JK-48
        ("network_uptime", ("", "", "1"), "1.0000"),  # JK-49
    ],
)
def test_the_half_year_of_2016(code: str, parts: tuple[str, str, str], value: str) -> None:
    """Goal: the document's own figures come out as it writes them. Method: JK-39 to JK-49."""
    figure = read(code, *parts)
    assert isinstance(figure, Figure), figure
    sums = Sums()
    sums.values.update(
        {
            f"{code}_entries": 1,
            f"{code}_entered": figure.numerator or 0,
            f"{code}_entered_of": figure.denominator or 0,
            f"{code}_stated": figure.stated or 0,
        }
    )
    found = evaluate(catalogue()[code], sums, area="county", period="2016-H1", day=DAY, as_of=None)
    assert (found.value, found.status, found.records) == (value, "none", 1)


@pytest.mark.parametrize(
    ("code", "parts", "more", "fault"),
    [
        ("preconception_check_rate", ("186", "314", "60%"), {}, "stated"),  # 59.24 %, not 60 %
        ("folic_acid_rate", ("446", "445", ""), {}, "numerator"),
        ("folic_acid_rate", ("0", "0", ""), {}, "denominator"),
        ("folic_acid_rate", ("1", "", ""), {}, "denominator"),
        ("folic_acid_rate", ("-1", "3", ""), {}, "numerator"),
        ("folic_acid_rate", ("1.5", "3", ""), {}, "numerator"),
        ("folic_acid_rate", ("", "", "110%"), {}, "stated"),
        ("folic_acid_rate", ("", "", "NaN"), {}, "stated"),
        ("infectious_disease_incidence", ("", "", "0.5"), {}, "denominator"),
        ("two_way_referral_agreements", ("15", "20", ""), {}, "denominator"),
        ("folic_acid_rate", ("1", "3", ""), {"period": "all"}, "period"),
        ("folic_acid_rate", ("1", "3", ""), {"evidence": " "}, "evidence"),
    ],
)
def test_what_is_refused(
    code: str, parts: tuple[str, str, str], more: dict[str, str], fault: str
) -> None:
    """Goal: no impossible figure. Method: one fault each, named by its field."""
    found = read(code, *parts, **more)
    assert isinstance(found, list)
    assert fault in {each.field for each in found}


def test_two_shares_without_parts_are_no_share() -> None:
    """Goal: shares are not averaged. Method: two periods of JK-40."""
    sums = Sums()
    code = "village_doctor_contract_rate"
    sums.values.update({f"{code}_entries": 2, f"{code}_stated": 17_000})
    found = evaluate(catalogue()[code], sums, area="county", period="2016", day=DAY, as_of=None)
    assert (found.value, found.status) == (None, "not_applicable")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk"])
def test_a_file(encoding: str) -> None:
    """Goal: what people save. Method: Chinese head, blank row, missing column; both encodings."""
    text = "指标,时段,乡镇,分子,分母,依据\nfolic_acid_rate,2016-H1,,439,445,总结\n,,,,,\n"
    ((number, wanted),) = read_file(text.encode(encoding))
    assert (number, wanted.numerator, wanted.stated, wanted.evidence) == (2, "439", "", "总结")
    for bad in (b"", b"a,b\n1,2", "指标,时段,分子,依据\n".encode(), b"\xff\xff\x00"):
        with pytest.raises(FileUnreadable):
            read_file(bad)


def test_rate() -> None:
    """Goal: two decimals, half-up. Method: an edge, and nothing of nothing."""
    assert rate(1, 8_000_000) == "0.01"
    assert rate(1, 0) is None
    assert Decimal(rate(60, 49_423) or 0) == Decimal("121.40")
