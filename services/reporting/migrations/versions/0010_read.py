"""A documented schema for other tools to read: no person, amounts in CNY."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

VIEWS: dict[str, tuple[str, str]] = {
    "settled_visits": (
        "已结算就诊,一行一次,不含个人 · settled visits without persons; reversed bills not (CNY)",
        """
        SELECT s.region, s.discharged_on AS day, to_char(s.discharged_on, 'YYYY-MM') AS month,
          coalesce(s.township, p.township) AS township, coalesce(s.village, p.village) AS village,
          s.facility_code, s.facility_level, s.in_region, s.visit_type,
          s.person_id IS NOT NULL AND s.category IS NOT NULL AS registered,
          s.total_fen / 100.0 AS total, s.patient_fen / 100.0 AS patient_pays,
          s.out_of_catalogue_fen / 100.0 AS out_of_catalogue,
          s.medical_aid_fen / 100.0 AS medical_aid
        FROM public.settlements s
        LEFT JOIN public.person_merges m ON m.absorbed_person_id = s.person_id AND m.in_force
        LEFT JOIN public.persons p ON p.person_id = coalesce(m.kept_person_id, s.person_id)
        WHERE s.made_sequence IS NOT NULL AND s.reversed_by IS NULL
        """,
    ),
    "payers_by_month": (
        "各支付方逐月金额 · what each payer pays by month (CNY), the patients as 'patient'",
        """
        SELECT s.region, to_char(s.discharged_on, 'YYYY-MM') AS month, y.payer,
          sum(y.amount_fen) / 100.0 AS amount
        FROM public.settlements s
        CROSS JOIN LATERAL (
          SELECT a.payer, a.amount_fen FROM public.settlement_payers a
          WHERE a.settlement_id = s.settlement_id
          UNION ALL SELECT 'patient', s.patient_fen
        ) y
        WHERE s.made_sequence IS NOT NULL AND s.reversed_by IS NULL
        GROUP BY 1, 2, 3
        """,
    ),
    "recognitions_by_day": (
        "医院识别请求 · questions of hospitals by day, place of the visit and answer.",
        """
        SELECT region, occurred_on AS day, facility_code, grade, count(*) AS questions
        FROM public.recognitions GROUP BY 1, 2, 3, 4
        """,
    ),
    "registered_by_village": (
        "今日在册人数 · registered persons by village today; merged persons once.",
        """
        SELECT p.region, p.township, p.village, count(*) AS persons,
          count(DISTINCT p.household_id) AS households
        FROM public.persons p
        WHERE EXISTS (
          SELECT FROM public.person_categories c
          WHERE c.person_id = p.person_id AND c.valid_from <= current_date
            AND (c.valid_to IS NULL OR c.valid_to >= current_date))
          AND NOT EXISTS (
            SELECT FROM public.person_merges m
            WHERE m.absorbed_person_id = p.person_id AND m.in_force)
        GROUP BY 1, 2, 3
        """,
    ),
    "closed_indicators": (
        "已签发月份的指标 · the indicators of signed months as they were signed; they do not change.",
        """
        SELECT c.region, c.month, c.revision, c.closed_at, i.code, i.name_zh, i.name_en,
          i.numerator, i.denominator, i.value::numeric AS value, i.target::numeric AS target,
          i.status
        FROM public.month_closes c
        CROSS JOIN LATERAL jsonb_to_recordset(c.figures -> 'indicators') AS i(
          code text, name_zh text, name_en text, numerator text, denominator text,
          value text, target text, status text)
        WHERE c.status = 'closed'
        """,
    ),
}

# The reader is made by whoever runs the database; where there is one, it may read these and no more.
_GRANT = """
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'reporting_reader') THEN
    GRANT USAGE ON SCHEMA reporting_read TO reporting_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA reporting_read TO reporting_reader;
  END IF;
END $$
"""


def upgrade() -> None:
    op.execute("CREATE SCHEMA reporting_read")
    op.execute("COMMENT ON SCHEMA reporting_read IS 'For Grafana, Superset, Metabase: no person'")
    for name, (told, query) in VIEWS.items():
        op.execute(f"CREATE VIEW reporting_read.{name} AS {query}")
        quoted = told.replace("'", "''")
        op.execute(f"COMMENT ON VIEW reporting_read.{name} IS '{quoted}'")
    op.execute(_GRANT)


def downgrade() -> None:
    op.execute("DROP SCHEMA reporting_read CASCADE")
