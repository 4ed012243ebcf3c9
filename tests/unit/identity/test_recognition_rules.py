"""Entitlements, and how places and telephones are read, as pure rules."""

from __future__ import annotations

import pytest

from services.identity.persons.domain import address_names_place, name_key, phone_key
from services.identity.recognition.entitlements import entitled
from shared.policy.reading import Citation
from shared.policy.region import FACILITY_LEVELS, Facility, FeeWaivers


def facility(level: str = "secondary", *, here: bool = True, designated: bool = True) -> Facility:
    return Facility("H51111300101", "院", "hospital", level, here, designated, "金河镇")


def waivers(*levels: str) -> FeeWaivers:
    return FeeWaivers(frozenset(levels), Citation("document", "article"))


class TestEntitlements:
    def rights(self, **facts: object) -> tuple[bool, bool, bool]:
        plain: dict[str, object] = {
            "grade": "certain", "in_a_category": True, "facility": facility(),
            "waivers": waivers(*FACILITY_LEVELS),
        }  # fmt: skip
        given_rights = entitled(**(plain | facts))  # type: ignore[arg-type]
        return (
            given_rights.treat_first_pay_later,
            given_rights.one_stop_settlement,
            given_rights.fee_waivers,
        )

    def test_recognised_in_a_category_at_home(self) -> None:
        """Goal: JK-13, JK-14. Method: the plain case and the grade below it."""
        assert self.rights() == (True, True, True)
        assert self.rights(grade="probable") == (True, True, True)

    @pytest.mark.parametrize(
        "facts",
        [
            {"grade": "possible"},
            {"grade": "none"},
            {"in_a_category": False},
            {"facility": facility(here=False)},
        ],
    )
    def test_nothing_without_person_category_or_place(self, facts: dict[str, object]) -> None:
        """Goal: public money goes to the recognised only. Method: one condition missing."""
        assert self.rights(**facts) == (False, False, False)

    def test_waivers_are_the_regions(self) -> None:
        """Goal: the region's document decides. Method: all levels (Jinkouhe, JK-13), none
        (Liangping), township and county hospitals (Xinbin, XB-26, XB-27)."""
        assert self.rights(facility=facility(designated=False)) == (False, False, True)
        assert self.rights(waivers=None) == (True, True, False)
        for level in FACILITY_LEVELS:
            given_rights = self.rights(
                waivers=waivers("township", "secondary"), facility=facility(level)
            )
            assert given_rights == (True, True, level in ("township", "secondary")), level


@pytest.mark.parametrize(
    ("address", "place", "named"),
    [
        ("金口河区金河镇和平村3组", "和平村", True),
        ("金口河区金河镇和平3组", "和平村", True),
        ("金口河区金河镇和平村", "和平村委会", True),
        ("金口河区 和平 村", "和平村", True),
        ("金口河区永和镇", "和平村", False),
        ("任何地方", None, False),
        ("河镇", "河村", False),
    ],
)
def test_addresses_name_places(address: str, place: str | None, *, named: bool) -> None:
    """Goal: villages as people write them. Method: with and without the kind of place."""
    assert address_names_place(address, place) is named


def test_names_and_telephones_as_compared() -> None:
    """Goal: the same written differently. Method: dots, spaces, width, case, country code."""
    assert len({name_key(n) for n in ("阿依·买买提", "阿依 买买提", "阿依•买买提")}) == 1
    assert name_key("Ａnna Li") == name_key("anna li")
    assert phone_key("+86 138-0000-0000") == phone_key("１３８０００００００0") == "13800000000"
    assert phone_key("0833-1234567") == "08331234567"
