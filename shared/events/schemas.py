"""JSON Schemas of the events, generated from the catalog, and what would break a reader.

A reader may run for months with the schema of the day it was written. So within a version only
optional fields may be added or dropped; everything else is a new version of the type.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shared.events.base import Event

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = Mapping[str, Any]

_IDENTIFIERS = (
    *("name", "full_name", "given_name", "family_name", "person_name", "patient_name", "surname"),
    *("id_number", "id_no", "id_card", "identity_number", "national_id", "passport", "passport_no"),
    *("phone", "phone_number", "mobile", "telephone", "contact", "email", "wechat"),
    *("address", "street", "home_address", "house_number"),
    *("card_no", "card_number", "bank_account", "account_no", "insurance_no", "social_security_no"),
    *("birth_date", "date_of_birth", "birthday", "born_on", "photo", "signature"),
    *("xm", "xingming", "sfzh", "sfz", "zjhm", "lxdh", "dz", "kh"),
)
DIRECT_IDENTIFIERS = frozenset(_IDENTIFIERS)
"""Names that no field of an event may have: they would hold a direct identifier."""

_MEANING = ("type", "format", "pattern", "enum", "const")
"""Keywords that say what a value is; a change of any of them is a change of type."""


def schema_id(event_type: str) -> str:
    """``$id`` of the schema, which travels with every event as ``ce_dataschema``."""
    return f"urn:yizhan:event:{event_type}"


def event_schema(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of an event's data, as a reader may rely on it."""
    described = event.model_json_schema(mode="validation")
    described.pop("title", None)
    description = described.pop("description", "")
    return {
        "$schema": DIALECT,
        "$id": schema_id(event.type_name()),
        "title": event.type_name(),
        "description": description,
        **described,
        "x-topic": event.topic(),
        "x-key": event.key_field,
        "x-dataclassification": event.classification,
    }


def schema_text(schema: Schema) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def field_names(schema: Schema) -> frozenset[str]:
    """Every field's name, those of nested objects included."""
    names: set[str] = set()
    for part in (schema, *schema.get("$defs", {}).values()):
        names.update(part.get("properties", {}))
    return frozenset(names)


def identifying_fields(schema: Schema) -> list[str]:
    """Fields named like a direct identifier; an event has none."""
    return sorted(field_names(schema) & DIRECT_IDENTIFIERS)


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """What in ``new`` would break a reader or a writer of ``old``; empty when nothing would.

    Breaking: a required field that goes (or is renamed), a field that becomes required or ceases
    to be, a new required field, another type, format, pattern or set of values, another topic or
    key. Not breaking: an optional field that comes or goes, and words.
    """
    faults = [
        f"{keyword} changed from {old[keyword]} to {new.get(keyword)}"
        for keyword in ("x-topic", "x-key")
        if keyword in old and old[keyword] != new.get(keyword)
    ]
    return faults + list(_compare(old, new, old, new, "data", frozenset()))


def _compare(
    old: Schema, new: Schema, old_root: Schema, new_root: Schema, place: str, seen: frozenset[str]
) -> Iterator[str]:
    if "$ref" in old:
        if old["$ref"] in seen:
            return
        seen |= {old["$ref"]}
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    for keyword in _MEANING:
        if old.get(keyword) != new.get(keyword):
            yield f"{place}: {keyword} changed from {old.get(keyword)} to {new.get(keyword)}"
    yield from _compare_fields(old, new, old_root, new_root, place, seen)
    yield from _compare_lists(old, new, old_root, new_root, place, seen)


def _compare_fields(
    old: Schema, new: Schema, old_root: Schema, new_root: Schema, place: str, seen: frozenset[str]
) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(set(before) | set(after)):
        here = f"{place}.{name}"
        if name not in after:
            if name in needed_before:
                yield f"{here}: required field removed"
        elif name not in before:
            if name in needed_after:
                yield f"{here}: new field is required"
        else:
            if name in needed_after - needed_before:
                yield f"{here}: became required"
            if name in needed_before - needed_after:
                yield f"{here}: became optional"
            yield from _compare(before[name], after[name], old_root, new_root, here, seen)


def _compare_lists(
    old: Schema, new: Schema, old_root: Schema, new_root: Schema, place: str, seen: frozenset[str]
) -> Iterator[str]:
    for keyword in ("items", "additionalProperties"):
        before, after = old.get(keyword), new.get(keyword)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _compare(before, after, old_root, new_root, f"{place}[]", seen)
        elif before != after:
            yield f"{place}: {keyword} changed"
    for keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
        before, after = _choices(old, keyword), _choices(new, keyword)
        if len(before) != len(after):
            yield f"{place}: {keyword} has {len(after)} choices instead of {len(before)}"
            continue
        for one, other in zip(before, after, strict=True):
            yield from _compare(one, other, old_root, new_root, place, seen)


def _choices(schema: Schema, keyword: str) -> list[Schema]:
    choices: Iterable[Schema] = schema.get(keyword, ())
    return sorted(choices, key=lambda each: json.dumps(each, sort_keys=True))


def _resolved(schema: Schema, root: Schema) -> Schema:
    """Follow a ``$ref`` into ``$defs``: a moved definition is not a change."""
    while "$ref" in schema:
        name = str(schema["$ref"]).removeprefix("#/$defs/")
        schema = root["$defs"][name]
    return schema
