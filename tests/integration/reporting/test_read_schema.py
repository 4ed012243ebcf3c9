"""The schema that other tools read: the same figures, and nobody in it."""

from decimal import Decimal

from tests.integration.reporting.county import COUNTY_FIGURES, half_year
from tests.support.service import Running


async def test_the_read_schema(reporting: Running) -> None:
    """Goal: a tool's figures are the API's, and no view names a person. Method: the half-year
    added up from the views; every column's name."""
    await reporting.deliver_together(*half_year())
    (own,) = await reporting.rows(
        "SELECT sum(patient_pays) AS own, sum(total) AS total FROM reporting_read.settled_visits"
        " WHERE registered"
    )
    told = COUNTY_FIGURES["personal_share"]
    assert (own["own"], own["total"]) == (Decimal(told[0]), Decimal(told[1]))
    payers = await reporting.rows(
        "SELECT payer, sum(amount) AS amount FROM reporting_read.payers_by_month GROUP BY 1"
    )
    assert {each["payer"]: each["amount"] for each in payers} == {
        "basic_insurance": Decimal("4474.90"),
        "medical_aid": Decimal("763.83"),
        "patient": Decimal("2061.27"),
    }
    asked = await reporting.rows(
        "SELECT sum(questions) AS n FROM reporting_read.recognitions_by_day"
    )
    assert asked == [{"n": COUNTY_FIGURES["recognition_rate"][1]}]
    columns = await reporting.rows(
        "SELECT table_name, column_name, obj_description(("
        " 'reporting_read.' || table_name)::regclass) AS told"
        " FROM information_schema.columns WHERE table_schema = 'reporting_read'"
    )
    assert {each["table_name"] for each in columns} == {
        "settled_visits", "payers_by_month", "recognitions_by_day", "registered_by_village",
        "closed_indicators",
    }  # fmt: skip
    assert all(each["told"] for each in columns)
    for hidden in ("person_id", "household_id", "visit_no", "encounter_id", "settlement_id"):
        assert hidden not in {each["column_name"] for each in columns}
