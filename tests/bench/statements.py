"""The SQL of the hand-written baseline."""

from __future__ import annotations

CLAIM = """
INSERT INTO idempotency_keys (client_id, key, request_hash) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING key
"""
KEEP = """
UPDATE idempotency_keys SET status = $3, media_type = 'application/json', body = $4
WHERE client_id = $1 AND key = $2
"""
CANDIDATES = """
SELECT found.*, m.category, m.valid_from, m.valid_to FROM (
  SELECT person_id, id_number_idx, name_idx, phone_idx, name_enc, birth_date, sex, village, township
  FROM persons WHERE region = $1 AND (id_number_idx = $2 OR name_birth_idx = $3) LIMIT 50) found
LEFT JOIN memberships m ON m.person_id = found.person_id AND m.superseded_at IS NULL
"""
ENCOUNTER = """
SELECT e.*, m.categories AS member_categories, m.township AS member_township,
       m.village AS member_village
FROM encounters e LEFT JOIN members m ON m.person_id = e.person_id
WHERE e.id = $1 FOR UPDATE OF e
"""
HOLD = "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))"
RESERVATIONS = """
WITH own AS (
  UPDATE reservations SET state = 'consumed', closed_at = $4
  WHERE encounter_id = $5 AND state = 'held'
)
SELECT sum(basic_paid_fen), sum(medical_aid_paid_fen), sum(outpatient_base_used_fen),
       sum(chronic_drug_fund_paid_fen), sum(special_fund_paid_fen)
FROM reservations WHERE area = $1 AND person_id = $2 AND year = $3 AND state = 'held'
  AND expires_at > $4 AND encounter_id <> $5
"""
LINES = "SELECT * FROM charge_lines WHERE encounter_id = $1"
STANDING = """
INSERT INTO standings (area, person_id, year, critical_illness_burden_fen,
  critical_illness_paid_fen, basic_paid_fen, medical_aid_paid_fen, outpatient_base_used_fen,
  chronic_drug_fund_paid_fen, special_fund_paid_fen, version)
VALUES ($1, $2, $3, 0, 0, 0, 0, 0, 0, 0, 0)
ON CONFLICT (area, person_id, year) DO UPDATE SET version = standings.version
RETURNING basic_paid_fen, medical_aid_paid_fen, critical_illness_burden_fen
"""
STANDING_AFTER = """
UPDATE standings SET basic_paid_fen = $4, medical_aid_paid_fen = $5,
  critical_illness_burden_fen = $6, version = version + 1
WHERE area = $1 AND person_id = $2 AND year = $3
"""
PAYERS = """
INSERT INTO settlement_payers (settlement_id, position, payer, amount_fen)
SELECT $1, p, n, a FROM unnest($2::int[], $3::text[], $4::bigint[]) AS t(p, n, a)
"""
ACCOUNTS = """
INSERT INTO accounts (code, region, kind, fund, facility_code, name_en, name_zh)
SELECT code, region, kind, fund, facility_code, name_en, name_zh
FROM jsonb_to_recordset($1::jsonb) AS t(code text, region text, kind text, fund text,
  facility_code text, name_en text, name_zh text)
ON CONFLICT (code) DO NOTHING
"""
ENTRY = """
INSERT INTO journal_entries
  (id, region, kind, settlement_id, reverses_id, booked_on, posting_count)
VALUES ($1, $2, 'settlement', $3, NULL, $4, $5)
"""
POSTINGS = """
INSERT INTO postings (entry_id, account_code, amount_fen)
SELECT $1, c, a FROM unnest($2::text[], $3::bigint[]) AS t(c, a)
"""
SETTLED = """
UPDATE encounters SET status = 'settled', version = version + 1, settlement_id = $2,
  settlement_count = settlement_count + 1, last_settlement_id = $2
WHERE id = $1
"""


def lines(columns: list[str]) -> str:
    """Many lines of one settlement; the columns besides its id."""
    kinds = ["bigint" if name.endswith("_fen") else "text" for name in columns]
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(kinds, start=2))
    return (
        f"INSERT INTO settlement_lines (settlement_id, {', '.join(columns)})"
        f" SELECT $1, * FROM unnest({arrays})"
    )


def insert(table: str, columns: list[str]) -> str:
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"


OUTBOX = insert(
    "outbox",
    [
        "id",
        "aggregatetype",
        "aggregateid",
        "type",
        "payload",
        "aggregate_version",
        "occurred_at",
        "headers",
    ],
)
AUDIT = insert("audit_log", ["id", "at", "actor", "organisation", "action", "subject", "detail"])
