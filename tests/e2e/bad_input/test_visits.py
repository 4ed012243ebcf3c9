"""Visits that cannot be recognised or opened, and bodies that are no documents."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.bad_input.desk import MEGABYTE, SECRET_NAME, SECRET_NUMBER, Desk


def visit(desk: Desk, **changes: Any) -> dict[str, Any]:
    return desk.job.visit() | changes


VISITS: dict[str, tuple[Callable[[Desk], dict[str, Any]], str, dict[str, str]]] = {
    "unknown facility": (
        lambda desk: visit(desk, facility_code="H00000000000"),
        "unknown_facility",
        {"facility_code": "unknown_facility"},
    ),
    "bad number": (
        lambda desk: visit(desk, credentials={"id_number": SECRET_NUMBER[:-2] + "ZZ"}),
        "id_number_invalid",
        {"credentials.id_number": "id_number_characters"},
    ),
    "name alone": (
        lambda desk: visit(desk, credentials={"name": SECRET_NAME}),
        "credentials_insufficient",
        {"credentials": "credentials_insufficient"},
    ),
    "long name": (
        lambda desk: visit(desk, credentials={"name": SECRET_NAME * 40}),
        "validation_failed",
        {"credentials.name": "string_too_long"},
    ),
    "impossible birth date": (
        lambda desk: visit(desk, credentials={"name": SECRET_NAME, "birth_date": "1961-02-30"}),
        "validation_failed",
        {"credentials.birth_date": "date_from_datetime_parsing"},
    ),
    "NUL in a name": (
        lambda desk: visit(desk, credentials={"name": f"{SECRET_NAME}\x00"}),
        "text_not_storable",
        {"credentials.name": "text_not_storable"},
    ),
    "lone surrogate": (
        lambda desk: visit(desk, credentials={"name": f"{SECRET_NAME}\ud800"}),
        "text_not_storable",
        {"credentials.name": "text_not_storable"},
    ),
    "time without offset": (
        lambda desk: visit(
            desk,
            visit={"visit_no": "X", "type": "inpatient", "occurred_at": "2016-03-01T09:00:00"},
        ),
        "validation_failed",
        {"visit.occurred_at": "timezone_aware"},
    ),
    "in the future": (
        lambda desk: visit(
            desk,
            visit={"visit_no": "X", "type": "inpatient", "occurred_at": "2199-03-01T09:00:00Z"},
        ),
        "visit_time_implausible",
        {"visit.occurred_at": "visit_time_implausible"},
    ),
    "nothing": (
        lambda _: {},
        "validation_failed",
        {"facility_code": "missing", "visit": "missing", "credentials": "missing"},
    ),
}


@pytest.mark.parametrize("kind", VISITS)
def test_a_recognition_that_cannot_be_made(desk: Desk, kind: str) -> None:
    """Goal: field and cure, no value. Method: one fault at a time; JSON with escapes."""
    make, code, fields = VISITS[kind]
    desk.refused(
        "POST",
        "/identity/v1/recognitions",
        key=f"visit-{list(VISITS).index(kind)}",
        content=json.dumps(make(desk)).encode(),
        headers={"Content-Type": "application/json"},
        status=422,
        code=code,
        fields=fields,
    )


def test_an_encounter_at_an_unknown_facility(desk: Desk) -> None:
    """Goal: as at the window. Method: register a visit at a facility the region does not have."""
    desk.refused(
        "POST",
        "/claims/v1/encounters",
        json={
            "facility_code": "H00000000000",
            "visit_no": "X",
            "type": "inpatient",
            "admitted_at": "2016-03-01T09:00:00+08:00",
        },
        status=422,
        code="unknown_facility",
        fields={"facility_code": "unknown_facility"},
    )


BODIES: dict[str, tuple[bytes, str, int, str]] = {
    "malformed": (
        ('{"facility_code": "' + SECRET_NAME + '", ').encode(),
        "application/json",
        400,
        "malformed_json",
    ),
    "not UTF-8": (
        ('{"facility_code": "' + SECRET_NAME + '"}').encode("gbk"),
        "application/json",
        400,
        "malformed_json",
    ),
    "UTF-16": (
        ('{"facility_code": "' + SECRET_NAME + '"}').encode("utf-16"),
        "application/json",
        400,
        "malformed_json",
    ),
    "1 MB nested lists": (
        b"[" * (MEGABYTE // 2) + b"]" * (MEGABYTE // 2),
        "application/json",
        400,
        "malformed_json",
    ),
    "1 MB nested objects": (
        b'{"a":' * (MEGABYTE // 6) + b"1" + b"}" * (MEGABYTE // 6),
        "application/json",
        400,
        "malformed_json",
    ),
    "NaN": (b'{"facility_code": NaN}', "application/json", 400, "malformed_json"),
    "a list": (b"[]", "application/json", 422, "validation_failed"),
    "nothing": (b"", "application/json", 422, "validation_failed"),
    "wrong content type": (b'{"facility_code": "X"}', "text/plain", 422, "validation_failed"),
    "a form": (b"facility_code=X", "application/x-www-form-urlencoded", 422, "validation_failed"),
    "3 MB of JSON": (
        b'{"facility_code": "' + b"x" * 3 * MEGABYTE + b'"}',
        "application/json",
        413,
        "payload_too_large",
    ),
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_body_that_is_no_document(desk: Desk, kind: str) -> None:
    """Goal: a problem document, whatever comes. Method: each kind, with and without a key."""
    content, media_type, status, code = BODIES[kind]
    for path in ("/identity/v1/recognitions", f"{desk.job.encounter_path}/charges"):
        for key in ("", f"body-{list(BODIES).index(kind)}"):
            desk.refused(
                "POST",
                path,
                key=key,
                content=content,
                headers={"Content-Type": media_type},
                status=status,
                code=code,
                fields={"body": code} if status == 400 else None,
            )
