from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from shared.money import (
    Fen,
    Money,
    MoneyMalformed,
    fen_from_text,
    ratio_text,
    text_from_fen,
    times,
)

AMOUNTS = st.integers(-(10**13), 10**13)
RATIOS = st.decimals(0, 2, places=6, allow_nan=False)


class Bill(BaseModel):
    total: Money


class TestText:
    @given(AMOUNTS)
    def test_round_trip(self, fen: int):
        """Goal: nothing is lost on the way out and in again."""
        assert fen_from_text(text_from_fen(fen)) == fen

    @given(AMOUNTS)
    def test_has_two_decimals_and_the_value(self, fen: int):
        """Goal: the text is the amount in CNY, exactly."""
        text = text_from_fen(fen)
        assert Decimal(text) * 100 == fen
        assert len(text.rpartition(".")[2]) == 2

    @pytest.mark.parametrize(
        ("text", "fen"),
        [("0", 0), ("0.5", 50), ("1234.56", 123456), ("-0.01", -1), ("7", 700)],
    )
    def test_reads_what_people_write(self, text: str, fen: int):
        """Goal: one decimal or none is fine."""
        assert fen_from_text(text) == fen

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "1,000.00",
            "1.234",
            "1e3",
            "٣",
            "+1",
            " 1",
            "1 ",
            "1.",
            ".5",
            "00.1",
            "NaN",
            "1\n",
            "--1",
            "9" * 13,
        ],
    )
    def test_refuses_the_rest(self, text: str):
        """Goal: never guess an amount."""
        with pytest.raises(MoneyMalformed):
            fen_from_text(text)


class TestTimes:
    @given(AMOUNTS, RATIOS)
    def test_is_the_nearest_fen_with_halves_away_from_zero(self, fen: int, ratio: Decimal):
        """Goal: half-up for both signs. Method: against exact fractions."""
        exact = Fraction(fen) * Fraction(ratio)
        rounded = times(fen, ratio)
        assert abs(exact - rounded) <= Fraction(1, 2)
        if abs(exact - rounded) == Fraction(1, 2):
            assert abs(rounded) > abs(exact)

    @given(AMOUNTS, RATIOS)
    def test_of_a_reversal_is_the_reversal(self, fen: int, ratio: Decimal):
        """Goal: what was paid is taken back to the fen."""
        assert times(-fen, ratio) == -times(fen, ratio)

    @pytest.mark.parametrize(
        ("fen", "ratio", "product"),
        [(1, "0.5", 1), (-1, "0.5", -1), (3, "0.5", 2), (5, "0.3", 2), (49, "0.01", 0)],
    )
    def test_examples(self, fen: int, ratio: str, product: int):
        """Goal: the cases a reader can check by head."""
        assert times(fen, Decimal(ratio)) == product


class TestField:
    @given(AMOUNTS)
    def test_travels_as_text(self, fen: int):
        """Goal: JSON out and in gives the same amount."""
        text = Bill(total=Fen(fen)).model_dump_json()
        assert text == f'{{"total":"{text_from_fen(fen)}"}}'
        assert Bill.model_validate_json(text).total == fen

    @pytest.mark.parametrize("value", [5, 5.0, Decimal(5), None, True, ["1"]])
    def test_refuses_bare_numbers(self, value: object):
        """Goal: 5 could be CNY or fen, so it is neither."""
        with pytest.raises(ValidationError):
            Bill.model_validate({"total": value})


class TestRatio:
    @given(st.integers(0, 10**9), st.integers(1, 10**9))
    def test_is_half_up_at_four_places(self, numerator: int, denominator: int):
        """Goal: the share as people calculate it by hand."""
        exact = Fraction(numerator, denominator)
        text = ratio_text(numerator, denominator)
        assert text is not None
        assert abs(Fraction(text) - exact) <= Fraction(1, 20000)

    def test_of_nothing_is_not_applicable(self):
        """Goal: no patients is not zero per cent."""
        assert ratio_text(0, 0) is None

    def test_matches_decimal(self):
        """Goal: one third, as a string with four decimals."""
        expected = (Decimal(1) / 3).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
        assert ratio_text(1, 3) == str(expected) == "0.3333"
