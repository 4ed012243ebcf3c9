"""The bus described for its readers: one AsyncAPI 3 document, generated from the catalog."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from shared.events.base import Event
from shared.events.schemas import schema_id

_OPENING = """\
# Generated from shared/events/catalog by `python -m shared.events.generate`; do not edit.
"""
_DESCRIPTION = """\
What the services of Yizhan 一站 tell each other and the agencies. CloudEvents 1.0 in Kafka's
binary mode: attributes are `ce_` headers, the data is JSON. An event says what became true.

- Order is kept within a key, not across topics. An event may come more than once, with the
  same `ce_id`: handle it once.
- Readers ignore fields they do not know; within a version only optional fields come or go.
- Money is a string in CNY with two decimals; dates are those of Asia/Shanghai.
- No event holds a name, an ID number, a phone number, an address or a card number.

The same events can be pulled over HTTP: `GET /<service>/v1/events?after=<position>`."""

_HEADERS: dict[str, dict[str, Any]] = {
    "ce_specversion": {"const": "1.0"},
    "ce_id": {"format": "uuid", "description": "UUIDv7; the same when the event comes again."},
    "ce_source": {
        "pattern": "^/yizhan/[^/]+/[a-z]+$",
        "description": "`/yizhan/<region>/<service>`",
    },
    "ce_type": {"description": "`cn.yizhan.<service>.<noun>.<past-verb>.v<version>`"},
    "ce_time": {"format": "date-time", "description": "When it happened, not when it was sent."},
    "ce_subject": {"description": "Id of the aggregate that changed."},
    "ce_dataschema": {"format": "uri", "description": "`$id` of the data's JSON Schema."},
    "ce_partitionkey": {"description": "The record's key."},
    "ce_sequence": {
        "pattern": "^[0-9]+$",
        "description": "Version of the aggregate; rises with each of its events.",
    },
    "ce_dataclassification": {"enum": ["personal", "internal", "public"]},
    "content-type": {"const": "application/json"},
    "traceparent": {"description": "W3C trace context of the request that caused it."},
}
_OPTIONAL_HEADERS = frozenset({"traceparent"})


def document(events: Iterable[type[Event]]) -> dict[str, Any]:
    """The AsyncAPI 3 document of these events.

    Operations are those of the application that the document describes: each service sends its
    own; whoever subscribes receives.
    """
    by_topic: dict[str, list[type[Event]]] = {}
    for event in events:
        by_topic.setdefault(event.topic(), []).append(event)
    topics = sorted(by_topic)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Yizhan 一站 events",
            "version": "1",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_name(topic): _channel(topic, by_topic[topic]) for topic in topics},
        "operations": {
            name: operation
            for topic in topics
            for name, operation in _operations(topic, by_topic[topic]).items()
        },
        "components": {
            "messages": {
                event.type_name(): _message(event) for topic in topics for event in by_topic[topic]
            },
            "schemas": {"headers": _headers()},
        },
    }


def document_text(events: Iterable[type[Event]]) -> str:
    """The document as its file holds it."""
    return _OPENING + yaml.dump(
        document(events), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=96
    )


def _name(topic: str) -> str:
    return topic.removeprefix("yizhan.").replace(".", "_")


def _channel(topic: str, events: list[type[Event]]) -> dict[str, Any]:
    return {
        "address": topic,
        "description": f"Keyed by {' or '.join(sorted({each.key_field for each in events}))}.",
        "messages": {
            each.type_name(): {"$ref": f"#/components/messages/{each.type_name()}"}
            for each in events
        },
        "bindings": {"kafka": {"topic": topic, "bindingVersion": "0.5.0"}},
    }


def _operations(topic: str, events: list[type[Event]]) -> dict[str, Any]:
    channel = {"$ref": f"#/channels/{_name(topic)}"}
    messages = [
        {"$ref": f"#/channels/{_name(topic)}/messages/{each.type_name()}"} for each in events
    ]
    producer, noun = events[0].producer, events[0].noun
    return {
        f"send_{_name(topic)}": {
            "action": "send",
            "channel": channel,
            "summary": f"{producer} tells what became of a {noun}.",
            "messages": messages,
        },
        f"receive_{_name(topic)}": {
            "action": "receive",
            "channel": channel,
            "summary": f"A subscriber learns what became of a {noun}.",
            "messages": messages,
        },
    }


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.type_name(),
        "title": event.__name__,
        "summary": " ".join((event.__doc__ or "").split()),
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./schemas/{event.type_name()}.json"},
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": f"`{event.key_field}` of the data"},
                "bindingVersion": "0.5.0",
            }
        },
        "x-dataschema": schema_id(event.type_name()),
        "x-dataclassification": event.classification,
    }


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name for name in _HEADERS if name not in _OPTIONAL_HEADERS],
        "properties": {name: {"type": "string", **facts} for name, facts in _HEADERS.items()},
    }


class _Dumper(yaml.SafeDumper):
    """Writes out repeated parts, and texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class's signature
        return True


def _write_text(dumper: yaml.SafeDumper, words: str) -> yaml.ScalarNode:
    style = "|" if "\n" in words else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", words, style=style)


_Dumper.add_representer(str, _write_text)
