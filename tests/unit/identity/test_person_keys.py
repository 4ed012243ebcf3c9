"""The keys by which names and villages are looked up."""

from __future__ import annotations

import pytest

from services.identity.persons.domain import name_key, village_key


@pytest.mark.parametrize(
    "written",
    ["民主村", "民主村民委员会", "民主村村民委员会", "民主村村委会", " 民主 村 "],
)
def test_the_office_of_a_village_is_the_village(written: str) -> None:
    """Goal: offices write a village in several ways. Method: each has the key of the plain name."""
    assert village_key(written) == "民主村"


@pytest.mark.parametrize("dot", ["·", "•", "・", "●", ".", " ", "", "ㆍ"])
def test_any_dot_or_none(dot: str) -> None:
    """Goal: a Yi name is found however its dot is typed. Method: the key has no dot at all."""
    assert name_key(f"吉克{dot}阿木") == "吉克阿木"
