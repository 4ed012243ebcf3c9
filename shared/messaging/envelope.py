"""CloudEvents 1.0 on the bus, binary mode: attributes as ``ce_`` headers, the payload as JSON.

Order of trust on the way in: an unknown type is none of our business (a newer producer), but a
known type that cannot be read is poison.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import ValidationError

from shared.events.base import Envelope, Event
from shared.events.catalog import BY_TYPE
from shared.messaging.bus import Incoming, Outgoing

CONTENT_TYPE = "application/json"
CARRIED = ("traceparent", "tracestate")
"""Headers of the outbox row that travel under their own name."""
_PREFIX = "ce_"


class EnvelopeMalformed(ValueError):
    """An attribute or the payload is missing or cannot be read; the text names the field only."""


@dataclass(frozen=True)
class OutboxRow:
    """A row of the outbox as the relay reads it."""

    id: UUID
    seq: int
    aggregatetype: str
    aggregateid: str
    type: str
    payload: str
    """JSON text."""
    aggregate_version: int
    occurred_at: datetime
    headers: Mapping[str, Any]

    @property
    def topic(self) -> str:
        return f"yizhan.{self.aggregatetype}"

    @property
    def key(self) -> str:
        """What the topic is keyed by; order is kept within it."""
        return str(self.headers.get("partitionkey") or self.aggregateid)

    @property
    def place(self) -> tuple[str, str]:
        """Within which order is kept."""
        return self.topic, self.key


def schema_uri(event_type: str) -> str:
    """``dataschema``, which is also the ``$id`` of the generated JSON Schema."""
    return f"urn:yizhan:event:{event_type}"


def rfc3339(moment: datetime) -> str:
    """A moment in UTC, such as ``2016-03-01T08:00:00.123456Z``."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def outgoing(row: OutboxRow, *, source: str) -> Outgoing:
    """The record that tells of an outbox row.

    Args:
        source: ``/yizhan/<region>/<service>`` (see :func:`source_of`).
    """
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(row.id),
        "ce_source": source,
        "ce_type": row.type,
        "ce_time": rfc3339(row.occurred_at),
        "ce_subject": row.aggregateid,
        "ce_dataschema": schema_uri(row.type),
        "ce_partitionkey": row.key,
        "ce_sequence": str(row.aggregate_version),
        "ce_dataclassification": str(row.headers.get("dataclassification", "personal")),
        "content-type": CONTENT_TYPE,
    }
    for name in CARRIED:
        if row.headers.get(name):
            headers[name] = str(row.headers[name])
    return Outgoing(row.topic, row.key, row.payload.encode(), headers)


def source_of(region_code: str, service: str) -> str:
    return f"/yizhan/{region_code}/{service}"


def type_of(record: Incoming) -> str:
    """The event type; empty when the record does not say."""
    return record.headers.get("ce_type", "")


def id_of(record: Incoming) -> UUID:
    """The event's id; for a record without a readable one, an id made of its place."""
    try:
        return UUID(record.headers.get("ce_id", ""))
    except ValueError:
        place = f"{record.partition.topic}/{record.partition.number}/{record.offset}"
        return uuid5(NAMESPACE_URL, f"urn:yizhan:record:{place}")


def incoming(record: Incoming) -> Envelope[Event] | None:
    """Read a record; None when its type is not in the catalog (a newer producer's).

    Raises:
        EnvelopeMalformed: an attribute or the payload is missing or cannot be read.
    """
    event_type = type_of(record)
    if not event_type:
        raise EnvelopeMalformed("ce_type is missing")
    payload_class = BY_TYPE.get(event_type)
    if payload_class is None:
        return None
    headers = record.headers
    try:
        event_id = UUID(_attribute(headers, "id"))
        time = datetime.fromisoformat(_attribute(headers, "time"))
        sequence = int(_attribute(headers, "sequence"))
    except EnvelopeMalformed:
        raise
    except ValueError:
        raise EnvelopeMalformed("one of ce_id, ce_time, ce_sequence cannot be read") from None
    if time.tzinfo is None:
        raise EnvelopeMalformed("ce_time has no offset")
    return Envelope(
        id=event_id,
        type=event_type,
        source=_attribute(headers, "source"),
        time=time,
        subject=_attribute(headers, "subject"),
        key=record.key,
        sequence=sequence,
        data=_payload(payload_class, record.value),
        headers={name: headers[name] for name in CARRIED if name in headers},
    )


def _attribute(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(_PREFIX + name, "")
    if not value:
        raise EnvelopeMalformed(f"{_PREFIX}{name} is missing")
    return value


def _payload(payload_class: type[Event], value: bytes) -> Event:
    try:
        return payload_class.model_validate(json.loads(value))
    except ValidationError as error:
        # Where it fails, never what stands there: a value could be a person's.
        places = sorted({".".join(map(str, each["loc"])) for each in error.errors()})
        raise EnvelopeMalformed(f"payload fields cannot be read: {', '.join(places)}") from None
    except ValueError:
        raise EnvelopeMalformed("the payload is not JSON") from None
