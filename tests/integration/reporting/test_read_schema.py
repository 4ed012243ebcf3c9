"""The schema that other tools read: the same figures, and nobody in it."""

import json
import secrets
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.integration.reporting.half_year import COUNTY_FIGURES, half_year
from tests.support.postgres import superuser_dsn
from tests.support.service import Running

BOARD = Path(__file__).parents[3] / "deploy/grafana/boards/county.json"
VIEWS = {
    "settled_visits", "payers_by_month", "recognitions_by_day", "registered_by_village",
    "closed_indicators",
}  # fmt: skip


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
    assert {each["table_name"] for each in columns} == VIEWS
    assert all(each["told"] for each in columns)
    for hidden in ("person_id", "household_id", "visit_no", "encounter_id", "settlement_id"):
        assert hidden not in {each["column_name"] for each in columns}


async def test_the_board_is_answered_by_a_reader_of_that_schema_alone(reporting: Running) -> None:
    """Goal: the shipped board works, and its role reads no person. Method: the grants of the
    operator's guide for a role of the test; every query of the board as that role; what it may
    read of all tables and views, and one table tried."""
    await reporting.deliver_together(*half_year())
    role = f"reader_{secrets.token_hex(4)}"
    database = urlsplit(reporting.context.db.url).path.lstrip("/")
    connection = await asyncpg.connect(superuser_dsn(database))
    try:
        await connection.execute(
            f"CREATE ROLE {role} NOSUPERUSER NOCREATEDB NOCREATEROLE;"
            f"GRANT USAGE ON SCHEMA reporting_read TO {role};"
            f"GRANT SELECT ON ALL TABLES IN SCHEMA reporting_read TO {role}"
        )
        readable = await connection.fetch(
            "SELECT c.relname AS name, n.nspname AS schema FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND n.nspname NOT LIKE 'pg\\_%'"
            " AND n.nspname <> 'information_schema'"
            " AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege($1, c.oid, 'SELECT')"
            "   ELSE has_table_privilege($1, c.oid, 'SELECT, INSERT, UPDATE, DELETE') END",
            role,
        )
        assert {(each["schema"], each["name"]) for each in readable} == {
            ("reporting_read", view) for view in VIEWS
        }
        await connection.execute(f"SET SESSION AUTHORIZATION {role}")
        for panel in json.loads(BOARD.read_text(encoding="utf-8"))["panels"]:
            (target,) = panel["targets"]
            found = await connection.fetch(target["rawSql"])
            # Nothing has been signed in this county.
            assert found or "closed_indicators" in target["rawSql"], panel["title"]
            assert panel["datasource"]["uid"] == target["datasource"]["uid"] == "reporting"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT * FROM public.persons")
    finally:
        await connection.execute("RESET SESSION AUTHORIZATION")
        await connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
        await connection.close()
