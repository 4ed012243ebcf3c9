"""A small county's half-year as events, and its figures worked out by hand.

Registered: P1 and P2 in 金河镇, P3 in 永和镇 (left on 2016-04-30), P4 without a known home. P5 is P2
once more, and was merged into him; P1 and P4 were one person by mistake for a while. P1 has two
health cards; P2's was revoked, P3's is good although he left. P4 is away since 06-05; that P1 was
unwilling ended when he signed. P1 has hypertension and is managed; P2 has tuberculosis; P4's
cataract was cured; P3's stroke was entered in error. P1 was checked in April, P3 last year.

| visit | person | where | type | discharged | total | patient | remark |
|---|---|---|---|---|---|---|---|
| E1 | P1 | district hospital | inpatient | 03-08 | 5000.00 | 991.27 | basic 3344.90, aid 663.83 |
| E2 | P2 | 金河镇 hospital | outpatient | 03-20 | 100.00 | 40.00 | basic 60.00 |
| E3 | P3 | outside the region | inpatient | 04-10 | 2000.00 | 900.00 | C items 500.00 |
| E4 | P3 | district hospital | outpatient | 05-09 | 80.00 | 80.00 | no longer registered |
| E5 | P1 | district hospital | inpatient | 05-20 | 999.00 | 999.00 | reversed, not settled again |
| E6 | P4 | 永和镇 hospital | outpatient | 06-01 | 50.00 | 20.00 | home not known |
| E7 | – | district hospital | outpatient | 06-02 | 70.00 | 30.00 | an ordinary resident |
| E8 | P2 | district hospital | inpatient | – | – | – | still there |
| E9 | P1 | district hospital | outpatient | 05-03 | – | – | cancelled: registered twice |
"""

from datetime import date
from typing import Any

from shared.events.base import Envelope
from shared.events.catalog import (
    DiseaseCaseClosed,
    DiseaseCaseFound,
    DiseaseCaseManaged,
    DiseaseCaseWithdrawn,
    DispensingRecorded,
    PersonChanged,
    PersonLeft,
    RosterApplied,
)
from shared.money import Fen
from tests.integration.reporting.county import (
    DISTRICT,
    JINHE,
    JINHE_HOSPITAL,
    OUTSIDE,
    YONGHE,
    YONGHE_HOSPITAL,
    at,
    bill,
    cancelled,
    card,
    case,
    check_up,
    contract,
    exemption,
    person,
    recognised,
    reversal,
    tasks,
    visit,
)
from tests.support.merges import merged, unmerged
from tests.support.service import envelope


def care() -> list[Any]:
    """Exemptions, diseases, check-ups, drugs."""
    found, managed = DiseaseCaseFound, DiseaseCaseManaged
    march = date(2016, 3, 1)
    return [
        *exemption(1, "P1", date(2016, 1, 2), ended=date(2016, 1, 5)),
        *exemption(2, "P4", date(2016, 6, 5)),
        *case("P1", "hypertension", ("chronic_4",), (found, march), (managed, march)),
        *case("P2", "tuberculosis", ("serious_34", "chronic_4"), (found, march)),
        *case(
            "P4", "cataract", ("major_14",),
            (found, march), (managed, date(2016, 3, 5)), (DiseaseCaseClosed, date(2016, 5, 1)),
        ),
        *case("P3", "stroke", ("serious_34",), (found, march), (DiseaseCaseWithdrawn, march)),
        check_up("P1", date(2016, 4, 1)),
        check_up("P3", date(2015, 12, 30)),
        envelope(
            DispensingRecorded(
                dispensing_id="G1",
                person_id="P5",
                disease="tuberculosis",
                facility_code=JINHE_HOSPITAL,
                team=JINHE_HOSPITAL,
                dispensed_on=date(2016, 5, 2),
                total=Fen(10_00),
                insurance_paid=Fen(0),
                fund_pays=Fen(10_00),
                patient_pays=Fen(0),
            ),
            sequence=40,
            at=at(5, 2),
        ),
    ]  # fmt: skip


def half_year() -> list[Envelope[Any]]:
    """Every event of the table above, each with a new id."""
    inpatient, outpatient = "inpatient", "outpatient"
    return [
        envelope(
            RosterApplied(
                import_id="I1",
                roster_source="poverty_office",
                effective_on=date(2016, 1, 1),
                added=4,
                changed=0,
                removed=0,
            ),
            at=at(1, 1),
        ),
        person("P1"),
        person("P2", home=(YONGHE, "坪上村")),
        person("P2", kind=PersonChanged, sequence=2),
        person("P3"),
        person("P3", kind=PersonLeft, valid_to=date(2016, 4, 30), sequence=2),
        person("P4"),
        person("P5", home=(JINHE, "柏林村")),
        merged("P2", "P5", 1),
        merged("P1", "P4", 2),
        unmerged("P1", "P4", 2),
        *card("C1", "P1"),
        *card("C2", "P1"),
        *card("C3", "P5", revoked=True),
        *card("C4", "P3"),
        recognised(1, "P1", DISTRICT, "certain", 3, 1),
        recognised(2, "P2", JINHE_HOSPITAL, "probable", 3, 20),
        recognised(3, None, DISTRICT, "possible", 4, 1),
        recognised(4, None, DISTRICT, "none", 6, 2),
        *visit("E1", "P1", DISTRICT, inpatient, date(2016, 3, 1), date(2016, 3, 8)),
        *visit("E2", "P2", JINHE_HOSPITAL, outpatient, date(2016, 3, 20), date(2016, 3, 20)),
        *visit("E3", "P3", OUTSIDE, inpatient, date(2016, 4, 1), date(2016, 4, 10)),
        *visit("E4", "P3", DISTRICT, outpatient, date(2016, 5, 9), date(2016, 5, 9)),
        *visit("E5", "P1", DISTRICT, inpatient, date(2016, 5, 15), date(2016, 5, 20)),
        *visit("E6", "P4", YONGHE_HOSPITAL, outpatient, date(2016, 6, 1), date(2016, 6, 1)),
        *visit("E7", None, DISTRICT, outpatient, date(2016, 6, 2), date(2016, 6, 2)),
        *visit("E8", "P2", DISTRICT, inpatient, date(2016, 6, 28), None),
        *visit("E9", "P1", DISTRICT, outpatient, date(2016, 5, 3), date(2016, 5, 3)),
        cancelled("E9", "P1", DISTRICT, outpatient, date(2016, 5, 3)),
        bill(
            "E1", "P1", DISTRICT, inpatient, date(2016, 3, 8),
            {"basic_insurance": 3344_90, "medical_aid": 663_83}, 991_27, out_of_catalogue=500_00,
        ),
        bill(
            "E2", "P2", JINHE_HOSPITAL, outpatient, date(2016, 3, 20),
            {"basic_insurance": 60_00}, 40_00,
        ),
        bill(
            "E3", "P3", OUTSIDE, inpatient, date(2016, 4, 10),
            {"basic_insurance": 1000_00, "medical_aid": 100_00}, 900_00, out_of_catalogue=500_00,
        ),
        bill(
            "E4", "P3", DISTRICT, outpatient, date(2016, 5, 9), {}, 80_00, registered=False
        ),
        bill("E5", "P1", DISTRICT, inpatient, date(2016, 5, 20), {}, 999_00),
        reversal("E5", 999_00, date(2016, 5, 21)),
        bill(
            "E6", "P4", YONGHE_HOSPITAL, outpatient, date(2016, 6, 1),
            {"basic_insurance": 30_00}, 20_00,
        ),
        bill(
            "E7", None, DISTRICT, outpatient, date(2016, 6, 2),
            {"basic_insurance": 40_00}, 30_00, registered=False,
        ),
        *contract(1, "P1"),
        *contract(2, "P2", ended=date(2016, 6, 1)),
        *tasks(),
        *care(),
    ]  # fmt: skip


COUNTY_FIGURES = {
    # registered bills: E1, E2, E3, E6; patients 991.27 + 40 + 900 + 20
    "personal_share": ("1951.27", "7150.00", "0.2729", "missed", 4),
    "out_of_catalogue_share": ("1000.00", "7150.00", "0.1399", "missed", 4),
    "medical_aid_share": ("763.83", "7150.00", "0.1068", "none", 4),
    "in_region_visit_rate": (3, 4, "0.7500", "missed", 4),
    # outpatient bills E2, E4, E6, E7, of which E2 and E6 at township hospitals
    "primary_care_visit_share": (2, 4, "0.5000", "warned", 4),
    "recognition_rate": (2, 4, "0.5000", "none", 4),
    # ended visits of people registered on the day of admission: E1, E2, E3, E5, E6; E5 reversed
    "one_stop_rate": (4, 5, "0.8000", "missed", 5),
    # on 2016-06-28, the latest day: P1, P2, P4 registered; P1's contract holds; P4 is away
    "contract_rate": (1, 2, "0.5000", "missed", 2),
    # P1 was followed up by his team
    "contract_performance_rate": (1, 1, "1.0000", "met", 1),
    # P1 and P2 are ill, P1 has a contract
    "chronic_contract_rate": (1, 2, "0.5000", "missed", 2),
    # P2's tuberculosis is not managed, P4's cataract is cured
    "serious_illness_treatment_rate": (1, 2, "0.5000", "missed", 2),
    "check_up_rate": (1, 3, "0.3333", "none", 3),
    # the same three; P1 has a good card
    "health_card_rate": (1, 3, "0.3333", "missed", 3),
    # stays of registered persons that ended: E1, E3, E5; inside the region E1, E5
    "deposit_free_rate": (2, 2, "1.0000", "met", 2),
    # P1 came again after 68 days
    "readmission_rate": (0, 3, "0.0000", "none", 3),
}
