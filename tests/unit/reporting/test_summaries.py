"""Half-years in 万元, notices: what is rounded, what does not add up, who is ranked where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.exports.notice import ranked
from services.reporting.history.domain import balance
from services.reporting.history.service import history_of
from services.reporting.month_closes.domain import half_years
from services.reporting.summaries.domain import UNTOLD, Bills, NotAHalfYear, months_of, wan
from services.reporting.summaries.report import summary_report
from shared.policy.region import load_region

SEED = Bills(
    visits=49, persons=49, total_fen=125_878_00, patient_fen=26_840_00,
    payers={"basic_insurance": 79_290_00, "medical_aid": 19_747_00},
)  # fmt: skip


def test_the_months_of_halves() -> None:
    """Goal: the calendar. Method: both halves, what is none, and back again."""
    assert months_of("2016-H1") == tuple(f"2016-0{n}" for n in range(1, 7))
    assert months_of("2016-H2")[-1] == "2016-12"
    for wrong in ("2016", "2016-H3", "2016-05", "2016-H1 "):
        with pytest.raises(NotAHalfYear):
            months_of(wrong)
    assert half_years(["2016-07", "2016-06", "2016-01"]) == ["2016-H2", "2016-H1"]


def test_the_yuan_of_2016_is_shown_and_tolerated() -> None:
    """Goal: JK-36. Method: the payers' amounts of the document, which are 1.00 less than its total:
    nobody is told of as having paid it, and the parts make the total."""
    assert (wan(125_878_00), wan(49_99), wan(50_00)) == ("12.5878", "0.0050", "0.0050")
    assert SEED.parts()[UNTOLD] == 1_00
    assert sum(SEED.parts().values()) == SEED.total_fen
    assert SEED.personal_share == "0.2132"
    assert SEED.in_wan().gap_fen == 0


def test_sixty_one_yuan_are_no_rounding() -> None:
    """Goal: the tolerance ends. Method: 171,239.20 against 128,026.42 + 180.00 + 42,971.78."""
    parts = {"a": wan(128_026_42), "b": wan(180_00), "c": wan(42_971_78)}
    found = balance(wan(171_239_20), parts, 4)
    assert (found.gap_fen, found.within_tolerance) == (61_00, False)
    bills = Bills(total_fen=171_239_20, patient_fen=42_971_78, payers={"basic_insurance": 128_026_42,
                  "waiver_fund": 180_00})  # fmt: skip
    assert bills.parts()[UNTOLD] == 61_00


@given(
    payers=st.dictionaries(
        st.sampled_from(["basic_insurance", "medical_aid", "hospital", "unheard_of"]),
        st.integers(0, 10**9),
    ),
    patient=st.integers(0, 10**9),
)
def test_parts_make_the_total(payers: dict[str, int], patient: int) -> None:
    """Goal: Σ payers + patient = total to the fen; in 万元 each part loses half a unit at most."""
    bills = Bills(
        total_fen=sum(payers.values()) + patient, patient_fen=patient, payers=dict(payers)
    )
    parts = bills.parts()
    assert sum(parts.values()) == bills.total_fen
    assert UNTOLD not in parts
    assert abs(bills.in_wan().gap_fen) <= 50 * (len(parts) + 1)


def test_the_document_alone_makes_a_summary() -> None:
    """Goal: the half-year of 2016 in the shape of its own summary, its gaps told. Method: no signed
    month; the sentences and tables."""
    found = {
        "period": "2016-H1",
        "region": {"code": "511113", "name_zh": "金口河区"},
        "months": [{"month": month, "number": None} for month in months_of("2016-H1")],
        "missing": list(months_of("2016-H1")),
        "history": history_of(load_region("jinkouhe-2016"), "2016-H1"),
    }
    report = summary_report(found)
    said = "".join(report.summary)
    for part in ("1,438 户", "3,793 人", "49 人", "12.5878 万元", "7.9290", "1.9747", "2.6840",
                 "21.32%", "▼ 未达标", "乡镇卫生院住院个人支出占 12.00%", "相差 1.00 元"):  # fmt: skip
        assert part in said, part
    told = {table.key: table for table in report.tables}
    assert [row[1] for row in told["history_payers"].rows][-1] == 1
    assert [(row[0], str(row[3]), row[5]) for row in told["history_shares"].rows] == [
        ("金口河区", "0.2132", "▼ 未达标"), ("乡镇卫生院", "0.12", "▼ 未达标"),
    ]  # fmt: skip
    cells = "".join(str(cell) for row in told["history_statistics"].rows for cell in row)
    assert "59.24%" in cells
    assert "JK-49" in cells
    assert "JK-69" in cells


def test_equal_shares_have_one_rank() -> None:
    """Goal: nobody is placed by chance; who had no bill, and whose home is not
    known, is not placed. Method: ties in the middle."""

    def place(name: str, value: str | None) -> dict[str, object]:
        return {"name_zh": name, "indicators": {"personal_share": {"value": value}}}

    places = [
        place("a", "0.3"), place("b", None), place("c", "0.1"), place("d", "0.3"),
        place("unknown", "0.2"), place("e", "0.9"),
    ]  # fmt: skip
    assert [(rank, each["name_zh"]) for rank, each in ranked(places, list("abcde"))] == [
        (1, "c"), (2, "a"), (2, "d"), (4, "e"), (None, "b"), (None, "unknown"),
    ]  # fmt: skip
