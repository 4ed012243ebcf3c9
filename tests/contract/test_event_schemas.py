"""The published language: generated files, promises to readers, no direct identifiers."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from shared.events import generate
from shared.events.base import Event
from shared.events.catalog import ALL, TOPICS, CategoryPeriod, PersonEntered, SettlementMade
from shared.events.catalog.claims import PayerShare
from shared.events.schemas import (
    breaking_changes,
    event_schema,
    field_names,
    identifying_fields,
    schema_id,
)
from shared.messaging.envelope import schema_uri
from shared.money import Fen

SCHEMAS = generate.FOLDER / "schemas"


def test_generated_files_are_those_of_the_catalog() -> None:
    """Goal: readers see what producers send. Method: generate in memory, compare with the files."""
    assert generate.drift(generate.generated(), generate.FOLDER) == []


def test_the_catalog_breaks_no_committed_schema() -> None:
    """Goal: a reader of the committed schemas goes on reading. Method: compare each."""
    assert generate.broken_promises(generate.generated(), generate.FOLDER) == []


def test_drift_is_seen(tmp_path: Path) -> None:
    """Goal: a missing, an edited and a left-over file are each found. Method: make one of each."""
    files = generate.generated()
    generate.write(files, tmp_path)
    assert generate.drift(files, tmp_path) == []
    one, other = (tmp_path / "schemas" / f"{each.type_name()}.json" for each in ALL[:2])
    one.unlink()
    other.write_text("{}")
    (tmp_path / "schemas" / "cn.yizhan.old.v1.json").write_text("{}")
    missing, differs = f"schemas/{one.name} is missing", f"schemas/{other.name} differs"
    assert generate.drift(files, tmp_path) == [
        *sorted([missing, f"{differs} from the catalog"]),
        "schemas/cn.yizhan.old.v1.json is of no type in the catalog",
    ]


def test_a_breaking_change_is_not_written(tmp_path: Path) -> None:
    """Goal: the generator itself refuses to break readers. Method: the committed schema of one
    type gets a required field that the catalog lacks; generating fails and leaves the file."""
    generate.write(generate.generated(), tmp_path)
    file = tmp_path / "schemas" / f"{SettlementMade.type_name()}.json"
    committed = json.loads(file.read_text())
    committed["properties"]["fund"] = {"type": "string"}
    committed["required"].append("fund")
    file.write_text(json.dumps(committed))
    assert generate.main([], tmp_path) == 1
    assert json.loads(file.read_text()) == committed
    assert generate.main(["--allow-breaking"], tmp_path) == 0
    assert generate.main(["--check"], tmp_path) == 0


class Nested(BaseModel):
    code: str
    note: str | None = None


class Sample(Event):
    """Something happened."""

    producer: ClassVar[str] = "claims"
    noun: ClassVar[str] = "sample"
    verb: ClassVar[str] = "made"
    key_field: ClassVar[str] = "sample_id"

    sample_id: str
    count: int
    note: str | None = None
    parts: tuple[Nested, ...]


def _remove(schema: dict[str, Any], name: str) -> None:
    del schema["properties"][name]
    schema["required"] = [each for each in schema["required"] if each != name]


def _add(schema: dict[str, Any], name: str, *, need: bool) -> None:
    schema["properties"][name] = {"type": "string"}
    if need:
        schema["required"].append(name)


def _rename(schema: dict[str, Any]) -> None:
    schema["$defs"]["Part"] = schema["$defs"].pop("Nested")
    schema["properties"]["parts"]["items"]["$ref"] = "#/$defs/Part"


def _swap(schema: dict[str, Any], old: str, new: str) -> None:
    _remove(schema, old)
    _add(schema, new, need=True)


Change = Callable[[dict[str, Any]], object]
BREAKING: dict[str, Change] = {
    "required field removed": lambda new: _remove(new, "count"),
    "required field renamed": lambda new: _swap(new, "count", "number"),
    "type changed": lambda new: new["properties"]["count"].update(type="string"),
    "optional field's type changed": lambda new: new["properties"]["note"].update(
        anyOf=[{"type": "integer"}, {"type": "null"}]
    ),
    "null allowed": lambda new: new["properties"].update(
        count={"anyOf": [{"type": "integer"}, {"type": "null"}]}
    ),
    "new required field": lambda new: _add(new, "extra", need=True),
    "optional became required": lambda new: new["required"].append("note"),
    "required became optional": lambda new: new["required"].remove("count"),
    "format added": lambda new: new["properties"]["sample_id"].update(format="uuid"),
    "value dropped from an enum": lambda new: new["properties"]["count"].update(enum=[1]),
    "nested field removed": lambda new: _remove(new["$defs"]["Nested"], "code"),
    "nested field newly required": lambda new: _add(new["$defs"]["Nested"], "x", need=True),
    "key changed": lambda new: new.update({"x-key": "count"}),
    "topic changed": lambda new: new.update({"x-topic": "yizhan.claims.other"}),
}
HARMLESS: dict[str, Change] = {
    "nothing": lambda new: new,
    "optional field added": lambda new: _add(new, "extra", need=False),
    "optional field removed": lambda new: _remove(new, "note"),
    "nested optional field added": lambda new: _add(new["$defs"]["Nested"], "x", need=False),
    "words changed": lambda new: new.update(description="otherwise"),
    "definition renamed": _rename,
}


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING.keys())
def test_breaking_changes_are_found(change: Change) -> None:
    """Goal: what would break a reader or writer is named. Method: one change at a time."""
    old = event_schema(Sample)
    new = copy.deepcopy(old)
    change(new)
    assert breaking_changes(old, new)


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS.keys())
def test_harmless_changes_pass(change: Change) -> None:
    """Goal: optional fields may come and go, words may change. Method: one change at a time."""
    old = event_schema(Sample)
    new = copy.deepcopy(old)
    change(new)
    assert breaking_changes(old, new) == []


@pytest.mark.parametrize("event", ALL, ids=lambda each: each.type_name())
def test_no_event_has_a_field_for_a_direct_identifier(event: type[Event]) -> None:
    """Goal: no name, ID number, phone, address or card number on the bus.
    Method: every field's name, nested ones included, against the list of such names."""
    assert identifying_fields(event_schema(event)) == []


def test_an_identifying_field_would_be_found() -> None:
    """Goal: the check above can fail. Method: hide one in a nested object."""
    schema = event_schema(Sample)
    schema["$defs"]["Nested"]["properties"]["phone"] = {"type": "string"}
    assert identifying_fields(schema) == ["phone"]
    assert "code" in field_names(schema)


@pytest.mark.parametrize("event", ALL, ids=lambda each: each.type_name())
def test_each_schema_is_valid_and_names_itself(event: type[Event]) -> None:
    """Goal: any JSON Schema library can read the files. Method: the dialect's own meta-schema."""
    schema = json.loads((SCHEMAS / f"{event.type_name()}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == schema_id(event.type_name()) == schema_uri(event.type_name())
    assert schema["x-key"] in schema["required"]
    assert schema["description"]


def test_what_is_sent_fits_its_schema() -> None:
    """Goal: the schema describes the bytes. Method: serialise two events as the outbox does."""
    person = PersonEntered(
        person_id="p1",
        categories=(CategoryPeriod(code="registered_poor", valid_from=date(2016, 1, 1)),),
        effective_on=date(2016, 1, 1),
        recorded_at=datetime(2016, 1, 2, tzinfo=UTC),
    )
    amounts = dict.fromkeys(
        ("total", "waived", "out_of_catalogue", "over_limit", "self_first", "in_scope"), Fen(123456)
    )
    settlement = SettlementMade(
        settlement_id="s1",
        encounter_id="e1",
        facility_code="H51990100001",
        facility_level="township",
        in_region=True,
        visit_type="inpatient",
        admitted_on=date(2016, 3, 1),
        discharged_on=date(2016, 3, 5),
        pack="jinkouhe-2016",
        pack_version="1",
        payers=(PayerShare(payer="basic", amount=Fen(100000)),),
        patient_pays=Fen(23456),
        **amounts,
    )
    for event in (person, settlement):
        schema = json.loads((SCHEMAS / f"{event.type_name()}.json").read_text())
        jsonschema.validate(event.model_dump(mode="json"), schema, jsonschema.Draft202012Validator)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**settlement.model_dump(mode="json"), "total": 1234.56}, schema)


def test_asyncapi_names_every_topic_and_type_and_its_references_hold() -> None:
    """Goal: the document is complete and leads nowhere wrong. Method: follow every reference."""
    document = yaml.safe_load((generate.FOLDER / "asyncapi.yaml").read_text())
    channels = document["channels"].values()
    assert sorted(each["address"] for each in channels) == list(TOPICS)
    assert set(document["components"]["messages"]) == {each.type_name() for each in ALL}
    for reference in _references(document):
        if reference.startswith("./"):
            assert (generate.FOLDER / reference).is_file()
            continue
        target = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        assert target


def _references(part: object) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [each for value in part.values() for each in _references(value)]
    if isinstance(part, list):
        return [each for value in part for each in _references(value)]
    return []
