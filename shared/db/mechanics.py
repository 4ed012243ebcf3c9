"""The tables that each service's database holds for the shared mechanics.

``outbox``            events written with the change they tell of; kept for ever: the event store
``inbox``             which consumer group has handled which event
``dead_letters``      events being retried, given up, or waiting behind one of the same key
``idempotency_keys``  what was answered to a POST, by client and key
``audit_log``         who saw or decided what; append-only, sealed into a hash chain
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.sealed import sealed_as

OUTBOX = "outbox"
INBOX = "inbox"
DEAD_LETTERS = "dead_letters"
IDEMPOTENCY_KEYS = "idempotency_keys"
AUDIT_LOG = "audit_log"


def attach_mechanics(metadata: MetaData) -> None:
    """Add the mechanics' tables to a service's metadata."""
    Table(
        OUTBOX,
        metadata,
        # Column names follow Debezium's outbox router, so that a county may switch to it.
        Column("id", Uuid(as_uuid=True), primary_key=True),
        Column("seq", BigInteger, Identity(always=True), nullable=False),
        Column("aggregatetype", String(64), nullable=False),
        Column("aggregateid", String(64), nullable=False),
        Column("type", String(128), nullable=False),
        Column("payload", JSONB, nullable=False),
        Column("aggregate_version", BigInteger, nullable=False),
        Column("occurred_at", DateTime(timezone=True), nullable=False),
        Column("headers", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
        Column("position", BigInteger, nullable=True),
        Column("published_at", DateTime(timezone=True), nullable=True),
        Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Index("ix_outbox_unpublished", "seq", postgresql_where=text("published_at IS NULL")),
        Index("ix_outbox_position", "position", unique=True),
        Index("ix_outbox_aggregate", "aggregatetype", "aggregateid"),
    )
    Table(
        INBOX,
        metadata,
        Column("consumer_group", String(64), primary_key=True),
        Column("event_id", Uuid(as_uuid=True), primary_key=True),
        Column("handled_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )
    Table(
        DEAD_LETTERS,
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("consumer_group", String(64), nullable=False),
        Column("event_id", Uuid(as_uuid=True), nullable=False),
        Column("topic", String(128), nullable=False),
        Column("key", String(128), nullable=False),
        Column("type", String(128), nullable=False),
        # status: retrying | dead | waiting (behind one of the same key) | resolved
        Column("status", String(16), nullable=False),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("error", Text, nullable=False, server_default=text("''")),
        Column("headers", JSONB, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        Column("next_attempt_at", DateTime(timezone=True), nullable=True),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("resolved_at", DateTime(timezone=True), nullable=True),
        UniqueConstraint("consumer_group", "event_id"),
        Index(
            "ix_dead_letters_open_key",
            "consumer_group",
            "topic",
            "key",
            postgresql_where=text("status <> 'resolved'"),
        ),
    )
    Table(
        IDEMPOTENCY_KEYS,
        metadata,
        Column("client_id", String(128), primary_key=True),
        Column("key", String(255), primary_key=True),
        Column("request_hash", LargeBinary, nullable=False),
        Column("status", Integer, nullable=True),
        Column("media_type", String(128), nullable=True),
        # The answer may hold personal data: it is stored encrypted.
        Column("body", LargeBinary, info=sealed_as("idempotency_keys.body"), nullable=True),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )
    Table(
        AUDIT_LOG,
        metadata,
        Column("id", Uuid(as_uuid=True), primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("actor", String(128), nullable=False),
        Column("organisation", String(128), nullable=False),
        Column("action", String(64), nullable=False),
        Column("subject", String(128), nullable=False),
        Column("detail", JSONB, nullable=False),
        # Sealed shortly after commit by one writer: number, link to the row before, own hash.
        Column("number", BigInteger, nullable=True),
        Column("prev_hash", LargeBinary, nullable=True),
        Column("hash", LargeBinary, nullable=True),
        Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Index("ix_audit_log_unsealed", "id", postgresql_where=text("number IS NULL")),
        Index("ix_audit_log_number", "number", unique=True),
        Index("ix_audit_log_subject", "subject"),
    )


mechanics_metadata = MetaData()
"""The mechanics' tables alone, for code that works in whichever service's database it is given."""

attach_mechanics(mechanics_metadata)


AUDIT_GUARD = """
CREATE FUNCTION audit_log_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.number IS NULL AND NEW.number IS NOT NULL
     AND (NEW.id, NEW.at, NEW.actor, NEW.organisation, NEW.action, NEW.subject, NEW.detail)
         IS NOT DISTINCT FROM
         (OLD.id, OLD.at, OLD.actor, OLD.organisation, OLD.action, OLD.subject, OLD.detail)
  THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'audit_log is append-only';
END $$;
CREATE TRIGGER audit_log_guard BEFORE UPDATE OR DELETE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION audit_log_guard();
CREATE TRIGGER audit_log_guard_truncate BEFORE TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION audit_log_guard();
"""
"""Keeps the audit log append-only: sealing a row once is the one change allowed."""
