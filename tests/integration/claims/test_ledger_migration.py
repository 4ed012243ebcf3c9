"""A ledger of before entries of every kind, carried over."""

import asyncio
from uuid import uuid4

import asyncpg
from alembic import command

from services.claims.ledger import sealing
from services.claims.module import MODULE
from shared.db import migrate
from shared.db.session import Database
from tests.support.postgres import database, plain_dsn, template_database

SETTLEMENT, ENTRY, ENCOUNTER = uuid4(), uuid4(), uuid4()
OLD = f"""
INSERT INTO encounters (id, region, facility_code, visit_no, visit_type, status, version,
  admitted_at, insurance_plan, deposit_fen, treat_first_pay_later)
VALUES ('{ENCOUNTER}', '511113', 'H1', 'V1', 'inpatient', 'open', 1, now(), 'resident', 0, false);
INSERT INTO settlements (id, region, encounter_id, kind, ordinal, facility_code, facility_level,
  in_region, categories, visit_type, admitted_on, discharged_on, pack, pack_version, parameters,
  assumptions, explanation, gap, standing_year, standing_delta, total_fen, waived_fen,
  out_of_catalogue_fen, over_limit_fen, self_first_fen, in_scope_fen, deductible_fen, payers_fen,
  patient_pays_fen, made_at, made_by)
VALUES ('{SETTLEMENT}', '511113', '{ENCOUNTER}', 'settlement', 1, 'H1', 'secondary', true, '[]',
  'inpatient', '2016-03-01', '2016-03-08', 'p', 'v', '{{}}', '[]', '[]', '{{}}', 2016, '{{}}',
  1000, 0, 0, 0, 0, 1000, 0, 900, 100, now(), 'old');
INSERT INTO settlement_payers VALUES ('{SETTLEMENT}', 0, 'medical_aid', 600),
  ('{SETTLEMENT}', 1, 'hospital', 300);
INSERT INTO accounts VALUES
  ('payer:medical_aid:H1', '511113', 'H1', 'payer', 'medical_aid', 'm', '救'),
  ('payer:hospital:H1', '511113', 'H1', 'payer', 'hospital', 'h', '院'),
  ('patient:H1', '511113', 'H1', 'patient', NULL, 'p', '患'),
  ('facility:H1', '511113', 'H1', 'facility', NULL, 'f', '机');
INSERT INTO journal_entries (id, region, settlement_id, booked_on, posting_count)
VALUES ('{ENTRY}', '511113', '{SETTLEMENT}', '2016-03-08', 4);
INSERT INTO postings VALUES ('{ENTRY}', 'payer:medical_aid:H1', 600),
  ('{ENTRY}', 'payer:hospital:H1', 300), ('{ENTRY}', 'patient:H1', 100),
  ('{ENTRY}', 'facility:H1', -1000);
"""


def _third(url: str) -> None:
    migrate._aside(lambda config: command.upgrade(config, "0003"), MODULE.migrations, url)


async def test_entries_of_before_are_carried_over() -> None:
    """Goal: an old ledger is whole under the new rules. Method: an entry of the third migration,
    with a part that the hospital bears, which has an account of its own kind now; then the newest,
    sealed and verified."""
    name = await asyncio.to_thread(template_database, "claims_0003", _third)
    with database(name) as url:
        psql = await asyncpg.connect(plain_dsn(url))
        await psql.execute(OLD)
        await psql.close()
        await asyncio.to_thread(migrate.upgrade, MODULE.name, MODULE.migrations, url)
        db = Database(url, service="claims")
        try:
            async with db.writing() as session:
                assert await sealing.seal(session) == 1
            async with db.reading() as session:
                verdict = await sealing.verify(session)
        finally:
            await db.close()
        assert (verdict.entries, verdict.faults) == (1, ())
        psql = await asyncpg.connect(plain_dsn(url))
        codes = await psql.fetch("SELECT account_code FROM postings ORDER BY amount_fen")
        await psql.close()
    assert [code for (code,) in codes] == [
        "facility:H1",
        "patient:H1",
        "hospital:H1",
        "payer:medical_aid:H1",
    ]
