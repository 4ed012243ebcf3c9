"""Reviews of doubtful recognitions, merges of persons, electronic health cards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    _reviews()
    _judgements()
    _merges()
    _cards()


def _refers(table: str, column: str, target: str, key: str | None = None) -> sa.Constraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.{key or column}"], name=f"fk_{table}_{column}_{target}"
    )


def _reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("recognition_id", sa.Uuid(), nullable=False),
        sa.Column("grade", sa.String(16), nullable=False),
        sa.Column("weights_version", sa.String(32), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("double", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(32)),
        sa.Column("person_id", sa.Uuid()),
        sa.Column("opened_at", TIMESTAMP, nullable=False),
        sa.Column("decided_at", TIMESTAMP),
        sa.PrimaryKeyConstraint("review_id", name="pk_reviews"),
        _refers("reviews", "recognition_id", "recognitions"),
        _refers("reviews", "person_id", "persons"),
        sa.CheckConstraint(
            "status IN ('open', 'second', 'disputed', 'decided')", name="status_known"
        ),
        sa.CheckConstraint("outcome IN ('same_person', 'different_person')", name="outcome_known"),
        sa.CheckConstraint(
            "(status = 'decided') = (outcome IS NOT NULL)", name="outcome_when_decided"
        ),
        sa.CheckConstraint(
            "(status = 'decided') = (decided_at IS NOT NULL)", name="moment_when_decided"
        ),
        sa.CheckConstraint(
            "(person_id IS NOT NULL) = (outcome IS NOT NULL AND outcome = 'same_person')",
            name="person_when_same",
        ),
    )
    op.create_index(
        "uq_reviews_waiting",
        "reviews",
        ["region", "fingerprint"],
        unique=True,
        postgresql_where=sa.text("status <> 'decided'"),
    )
    op.create_index("ix_reviews_status", "reviews", ["region", "status", "opened_at"])
    op.create_index("ix_reviews_decided_at", "reviews", ["decided_at"])
    op.create_index("ix_reviews_recognition_id", "reviews", ["recognition_id"])
    op.create_table(
        "review_recognitions",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("recognition_id", sa.Uuid(), nullable=False),
        sa.Column("joined_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("review_id", "recognition_id", name="pk_review_recognitions"),
        _refers("review_recognitions", "review_id", "reviews"),
        _refers("review_recognitions", "recognition_id", "recognitions"),
    )
    op.create_index(
        "ix_review_recognitions_recognition_id", "review_recognitions", ["recognition_id"]
    )
    op.create_table(
        "review_candidates",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("review_id", "person_id", name="pk_review_candidates"),
        _refers("review_candidates", "review_id", "reviews"),
        _refers("review_candidates", "person_id", "persons"),
    )
    op.create_index("ix_review_candidates_person_id", "review_candidates", ["person_id"])
    op.create_table(
        "review_decisions",
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("decider", sa.String(128), nullable=False),
        sa.Column("organisation", sa.String(128), nullable=False),
        sa.Column("decision", sa.String(32), nullable=False),
        sa.Column("person_id", sa.Uuid()),
        sa.Column("note_enc", sa.LargeBinary()),
        sa.Column("decided_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_review_decisions"),
        _refers("review_decisions", "review_id", "reviews"),
        _refers("review_decisions", "person_id", "persons"),
        sa.CheckConstraint(
            "decision IN ('same_person', 'different_person')", name="decision_known"
        ),
        sa.CheckConstraint(
            "(person_id IS NOT NULL) = (decision = 'same_person')", name="person_when_same"
        ),
        sa.UniqueConstraint("review_id", "decider", name="uq_review_decisions_review_id_decider"),
    )


def _judgements() -> None:
    op.create_table(
        "judged_pairs",
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("judged_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("region", "fingerprint", "person_id", name="pk_judged_pairs"),
        _refers("judged_pairs", "person_id", "persons"),
        _refers("judged_pairs", "review_id", "reviews"),
        sa.CheckConstraint("verdict IN ('same_person', 'different_person')", name="verdict_known"),
    )
    op.create_index("ix_judged_pairs_person_id", "judged_pairs", ["person_id"])
    op.create_table(
        "person_aliases",
        sa.Column("alias_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("value_enc", sa.LargeBinary(), nullable=False),
        sa.Column("value_idx", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("alias_id", name="pk_person_aliases"),
        _refers("person_aliases", "person_id", "persons"),
        _refers("person_aliases", "review_id", "reviews"),
        sa.CheckConstraint("kind IN ('name', 'id_number')", name="kind_known"),
        sa.UniqueConstraint(
            "person_id", "kind", "value_idx", name="uq_person_aliases_person_id_kind_value_idx"
        ),
    )
    op.create_index(
        "ix_person_aliases_value_idx", "person_aliases", ["region", "kind", "value_idx"]
    )


def _merges() -> None:
    op.add_column("persons", sa.Column("merged_into", sa.Uuid()))
    op.create_foreign_key(
        "fk_persons_merged_into_persons", "persons", "persons", ["merged_into"], ["person_id"]
    )
    op.create_check_constraint("not_into_himself", "persons", "merged_into <> person_id")
    op.create_index(
        "ix_persons_merged_into",
        "persons",
        ["merged_into"],
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_table(
        "merges",
        sa.Column("merge_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("kept_person_id", sa.Uuid(), nullable=False),
        sa.Column("absorbed_person_id", sa.Uuid(), nullable=False),
        sa.Column("reason_enc", sa.LargeBinary(), nullable=False),
        sa.Column("merged_by", sa.String(128), nullable=False),
        sa.Column("organisation", sa.String(128), nullable=False),
        sa.Column("merged_at", TIMESTAMP, nullable=False),
        sa.Column("undone_by", sa.String(128)),
        sa.Column("undone_at", TIMESTAMP),
        sa.Column("undo_reason_enc", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("merge_id", name="pk_merges"),
        _refers("merges", "kept_person_id", "persons", "person_id"),
        _refers("merges", "absorbed_person_id", "persons", "person_id"),
        sa.CheckConstraint("kept_person_id <> absorbed_person_id", name="two_persons"),
        sa.CheckConstraint("(undone_by IS NULL) = (undone_at IS NULL)", name="undone_by_someone"),
    )
    op.create_index(
        "uq_merges_in_force",
        "merges",
        ["absorbed_person_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_index("ix_merges_kept_person_id", "merges", ["kept_person_id"])


def _cards() -> None:
    op.create_table(
        "card_keys",
        sa.Column("kid", sa.String(64), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("public_jwk", postgresql.JSONB(), nullable=False),
        sa.Column("private_enc", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", TIMESTAMP, nullable=False),
        sa.Column("retired_at", TIMESTAMP),
        sa.PrimaryKeyConstraint("kid", name="pk_card_keys"),
    )
    op.create_index(
        "uq_card_keys_signing",
        "card_keys",
        ["region"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "cards",
        sa.Column("card_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("card_no_enc", sa.LargeBinary(), nullable=False),
        sa.Column("card_no_idx", sa.LargeBinary(), nullable=False),
        sa.Column("kid", sa.String(64), nullable=False),
        sa.Column("issued_at", TIMESTAMP, nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("birth_year", sa.SmallInteger(), nullable=False),
        sa.Column("sex", sa.String(1), nullable=False),
        sa.Column("issued_by", sa.String(128), nullable=False),
        sa.Column("organisation", sa.String(128), nullable=False),
        sa.Column("revoked_at", TIMESTAMP),
        sa.Column("revoked_by", sa.String(128)),
        sa.Column("revoke_reason_enc", sa.LargeBinary()),
        sa.Column("revocation_no", sa.BigInteger()),
        sa.PrimaryKeyConstraint("card_id", name="pk_cards"),
        _refers("cards", "person_id", "persons"),
        _refers("cards", "kid", "card_keys"),
        sa.CheckConstraint("sex IN ('M', 'F')", name="sex_known"),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revocation_no IS NULL)", name="revoked_in_the_list"
        ),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked_by_someone"
        ),
        sa.UniqueConstraint("region", "card_no_idx", name="uq_cards_region_card_no_idx"),
        sa.UniqueConstraint("region", "revocation_no", name="uq_cards_region_revocation_no"),
    )
    op.create_index("ix_cards_person_id", "cards", ["person_id"])
