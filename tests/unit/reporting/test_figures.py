"""Periods, shares, targets and the catalogue, without any I/O."""

import itertools
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.figures.domain import (
    Band,
    BandsMalformed,
    Period,
    PeriodMalformed,
    Target,
    check_bands,
    judge,
    period_of,
    share,
    stock_day,
)
from services.reporting.figures.repository import Sums
from services.reporting.indicators.catalogue import catalogue
from services.reporting.indicators.service import evaluate
from services.reporting.live.broadcaster import Message
from services.reporting.live.stream import encode
from services.reporting.projections.announce import short_type

TEN_PERCENT = Target(Decimal("0.10"), "at_most")
NINETY_PERCENT = Target(Decimal("0.90"), "at_least")
DAY = date(2016, 6, 30)
ABOUT = Target(Decimal("0.62"), "about", Decimal("0.02"))


class TestPeriod:
    @pytest.mark.parametrize(
        ("text", "start", "end"),
        [
            ("2016", date(2016, 1, 1), date(2017, 1, 1)),
            ("2016-H1", date(2016, 1, 1), date(2016, 7, 1)),
            ("2016-H2", date(2016, 7, 1), date(2017, 1, 1)),
            ("2016-Q3", date(2016, 7, 1), date(2016, 10, 1)),
            ("2016-02", date(2016, 2, 1), date(2016, 3, 1)),
            ("2016-12", date(2016, 12, 1), date(2017, 1, 1)),
        ],
    )
    def test_reads(self, text: str, start: date, end: date) -> None:
        """Goal: each form. Method: its first day and the day after its last."""
        assert period_of(text) == Period(text, start, end)

    @pytest.mark.parametrize("text", ["2016-13", "2016-00", "2016-H3", "2016-Q0", "16", "", "x"])
    def test_refuses(self, text: str) -> None:
        """Goal: no guess. Method: near misses."""
        with pytest.raises(PeriodMalformed):
            period_of(text)

    def test_everything(self) -> None:
        """Goal: no period is everything so far. Method: absent and by its word."""
        assert period_of(None) == period_of("all") == Period("all")

    @given(st.integers(2000, 2099))
    def test_months_tile_the_year(self, year: int) -> None:
        """Goal: no day is in two months or in none. Method: months follow one another."""
        months = [period_of(f"{year}-{month:02d}") for month in range(1, 13)]
        assert months[0].start == period_of(str(year)).start
        assert months[-1].end == period_of(str(year)).end
        for one, following in itertools.pairwise(months):
            assert one.end == following.start

    def test_the_day_of_stocks(self) -> None:
        """Goal: period's end, but not after the data. Method: before, inside and after."""
        half, today = period_of("2016-H1"), date(2026, 1, 1)
        assert stock_day(half, date(2016, 12, 1), today) == date(2016, 6, 30)
        assert stock_day(half, date(2016, 5, 3), today) == date(2016, 5, 3)
        assert stock_day(period_of("all"), date(2016, 5, 3), today) == date(2016, 5, 3)
        assert stock_day(period_of("all"), None, today) == today


class TestJudgement:
    @pytest.mark.parametrize(
        ("numerator", "denominator", "target", "status"),
        [
            (26_840_00, 125_878_00, TEN_PERCENT, "missed"),  # JK-15: 21.32 %
            (980, 10_000, TEN_PERCENT, "met"),  # LP-22: 9.8 %
            (1_001, 10_000, TEN_PERCENT, "missed"),  # 10.01 %, which rounds to 10.0 %
            (1_000, 10_000, TEN_PERCENT, "met"),
            (181, 200, NINETY_PERCENT, "met"),  # LP-20
            (180, 200, NINETY_PERCENT, "met"),  # "以上" includes the number
            (179, 200, NINETY_PERCENT, "missed"),
            (310, 500, ABOUT, "met"),  # SJ-03
            (300, 500, ABOUT, "met"),
            (299, 500, ABOUT, "warned"),  # "左右" warns and never fails hard
            (0, 0, TEN_PERCENT, "not_applicable"),
            (0, 0, None, "not_applicable"),
            (1, 2, None, "none"),
        ],
    )
    def test_worked_cases(
        self, numerator: int, denominator: int, target: Target | None, status: str
    ) -> None:
        """Goal: the documents' own examples. Method: their numbers, and the edges beside them."""
        assert judge(numerator, denominator, target) == status

    def test_share(self) -> None:
        """Goal: four decimals, half-up, nothing for nothing. Method: 21.32 % and friends."""
        assert share(2_684_000, 12_587_800) == "0.2132"
        assert share(1, 20_000) == "0.0001"
        assert share(99_127, 500_000) == "0.1983"
        assert share(0, 0) is None


ENDS = st.sampled_from([Decimal(n) / 20 for n in range(21)])


class TestBands:
    @given(st.integers(0, 1000), st.integers(1, 1000))
    def test_every_share_has_one_state(self, numerator: int, denominator: int) -> None:
        """Goal: no gap, no overlap. Method: every target of the catalogue, any share: exactly one
        band holds it."""
        for indicator in catalogue().values():
            for aim in indicator.aims:
                held = sum(band.holds(numerator, denominator) for band in aim.target.bands)
                assert held == 1

    @given(ENDS, ENDS, st.booleans(), st.booleans())
    def test_what_is_refused(
        self, end: Decimal, start: Decimal, end_in: bool, start_in: bool
    ) -> None:
        """Goal: the check finds each gap and overlap. Method: any two bands; the check agrees with
        counting how many of them hold the ends and what is between and beside them."""
        bands = (
            Band("missed", upper=end, upper_included=end_in),
            Band("met", lower=start, lower_included=start_in),
        )
        tries = {end, start, (end + start) / 2, end - 1, start + 1}
        whole = all(sum(band.holds(int(at * 40), 40) for band in bands) == 1 for at in tries)
        try:
            check_bands(bands)
            accepted = True
        except BandsMalformed:
            accepted = False
        assert accepted == whole

    def test_a_target_has_its_time(self) -> None:
        """Goal: a target judges the days on which it holds. Method: the days around its ends."""
        target = Target(
            Decimal(1), "at_least", valid_from=date(2020, 1, 1), valid_to=date(2020, 12, 31)
        )
        days = [date(2019, 12, 31), date(2020, 1, 1), date(2020, 12, 31), date(2021, 1, 1)]
        assert [target.holds_on(day) for day in days] == [False, True, True, False]


class TestCatalogue:
    def test_every_code_of_the_contract_is_there(self) -> None:
        """Goal: what others ask for by name. Method: the codes of the interface."""
        assert {
            "personal_share", "out_of_catalogue_share", "in_region_visit_rate",
            "primary_care_visit_share", "medical_aid_share", "serious_illness_treatment_rate",
            "contract_rate", "contract_performance_rate", "chronic_contract_rate",
            "check_up_rate", "insurance_coverage", "recognition_rate", "one_stop_rate",
            "readmission_rate",
        } <= set(catalogue())  # fmt: skip

    def test_the_two_ten_percents_are_two(self) -> None:
        """Goal: patient's payment and out-of-catalogue cost are not one. Method: compare them."""
        personal = catalogue()["personal_share"].entry
        outside = catalogue()["out_of_catalogue_share"].entry
        assert personal.numerator.sum != outside.numerator.sum
        assert "JK-15" in personal.citation
        assert "LP-22" in outside.citation

    def test_each_evaluates_and_is_not_applicable_without_data(self) -> None:
        """Goal: no entry names a sum amiss, 0 is never 0 %. Method: evaluate all of nothing."""
        for indicator in catalogue().values():
            figure = evaluate(indicator, Sums(), area="county", period="all", day=DAY, as_of=None)
            assert (figure.value, figure.status, figure.records) == (None, "not_applicable", 0)

    def test_a_worked_figure(self) -> None:
        """Goal: example A of the Jinkouhe rules. Method: its sums by hand."""
        sums = Sums()
        sums.values.update(
            registered_patient_fen=99_127, registered_total_fen=500_000, registered_visits=1
        )
        figure = evaluate(
            catalogue()["personal_share"], sums, area="county", period="all", day=DAY, as_of=None
        )
        assert (figure.numerator, figure.denominator) == ("991.27", "5000.00")
        assert (figure.value, figure.status, figure.records) == ("0.1983", "missed", 1)
        assert (figure.target, figure.direction) == ("0.10", "at_most")


def test_short_type() -> None:
    """Goal: what a page reads. Method: one type."""
    assert short_type("cn.yizhan.claims.settlement.made.v1") == "settlement.made"


def test_a_message_of_the_stream() -> None:
    """Goal: the format of server-sent events. Method: one message, byte for byte."""
    assert encode(Message(7, '{"a":1}')) == b'id: 7\nevent: figures\ndata: {"a":1}\n\n'
