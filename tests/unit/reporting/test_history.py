"""Figures of documents: what they come to, and what does not add up."""

from __future__ import annotations

import pytest

from services.reporting.history.domain import balance
from services.reporting.history.service import HistoryUnknown, history_of
from shared.policy.region import load_region


def test_the_half_year_of_2016() -> None:
    """Goal: 21.32 % and the gap of 1 yuan shown; county and townships both red (JK-30 … JK-38)."""
    found = history_of(load_region("jinkouhe-2016"), "2016-H1")
    county, townships = found["personal_share"]
    assert (county["numerator"], county["denominator"]) == ("26840.00", "125878.00")
    assert (county["value"], county["status"]) == ("0.2132", "missed")
    assert (townships["value"], townships["status"]) == ("0.12", "missed")
    told = found["balance"]
    assert (told["parts"], told["gap"], told["within_tolerance"]) == ("125877.00", "1.00", True)
    assert found["historical"] is True


def test_the_tolerance_has_an_end() -> None:
    """Goal: JK-36 tolerates 1 yuan on 万元 with four decimals, no more. Method: 1 and 2 yuan."""
    assert balance("12.5878", {"a": "12.5877"}, 4).within_tolerance
    assert balance("12.5878", {"a": "12.5879"}, 4).within_tolerance
    assert not balance("12.5878", {"a": "12.5876"}, 4).within_tolerance


def test_other_places_and_times_have_no_document() -> None:
    """Goal: no figure is made up."""
    with pytest.raises(HistoryUnknown):
        history_of(load_region("jinkouhe-2016"), "2015-H1")
    with pytest.raises(HistoryUnknown):
        history_of(load_region("xinbin-2018"), "2016-H1")
