"""Bad input on the running product: a clear error each time, and nothing half-written.

Goal: whatever a hospital or an office sends, it learns which field is wrong and how to cure it, in
both languages; nobody's data stands in the answer; no table grows; the process never says 500.
Method: one process for the whole module. Around each bad request every table of the four databases
is counted, and at the end the event feeds are read and the logs searched for what was sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.inspection import events, query, quiet_counts, table_counts
from tests.support.main_job import BILL_A, MainJob
from tests.support.people import HEADER, RosterPerson, id_number
from tests.support.process import SERVICES, Yizhan
from tests.support.product import product

SECRET_NAME = "不可外泄"
SECRET_NUMBER = id_number(date(1961, 7, 9), 135)
SECRETS = (SECRET_NAME, SECRET_NUMBER, SECRET_NUMBER[:6] + SECRET_NUMBER[8:17])
"""What no answer and no log may repeat."""

HAN = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[a-z]{2,}")
PROBLEM = "application/problem+json"
NOWHERE = "00000000-0000-7000-8000-000000000000"
MEGABYTE = 1024 * 1024


@dataclass
class Desk:
    """The running product and what was sent to it and refused."""

    yizhan: Yizhan
    job: MainJob
    feed_sizes: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def nothing_written(self) -> Iterator[None]:
        """No table may have another number of rows at the end than at the beginning."""
        before = table_counts(self.yizhan)
        yield
        assert table_counts(self.yizhan) == before

    def refused(
        self,
        method: str,
        path: str,
        *,
        status: int,
        code: str,
        fields: dict[str, str] | None = None,
        client: str = "hospital",
        **options: Any,
    ) -> dict[str, Any]:
        """Send it; the answer must be this problem (``fields``: field → code) and write nothing."""
        with self.nothing_written():
            answer = self.yizhan.call(method, path, client=client, **options)
        document = problem_of(answer)
        assert (answer.status_code, document["code"]) == (status, code), answer.text
        if fields is not None:
            assert {e["field"]: e["code"] for e in document["errors"]} == fields
        return document


def problem_of(answer: httpx.Response) -> dict[str, Any]:
    """The problem document of an answer; checks what every one of them must have."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"].startswith(PROBLEM), answer.headers
    document: dict[str, Any] = answer.json()
    assert document["status"] == answer.status_code
    for name in ("type", "code", "title", "detail", "instance"):
        assert document[name], f"{name}: {answer.text}"
    assert HAN.search(document["title_zh"]), answer.text
    assert not HAN.search(document["title"]), answer.text
    for error in document["errors"]:
        assert error["field"], answer.text
        assert error["code"], answer.text
        assert LATIN.search(error["message"]), answer.text
        assert HAN.search(error["message_zh"]), answer.text
    for secret in SECRETS:
        assert secret not in answer.text
    return document


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with product(tmp_path_factory.mktemp("bad-input") / "data") as yizhan:
        yizhan.start()
        job = MainJob(yizhan)
        job.import_roster()
        job.apply_roster()
        job.recognise()
        job.await_encounter()
        for client in ("hospital", "poverty-office", "operator", "township"):
            yizhan.token(client)
        quiet_counts(yizhan)
        yield Desk(yizhan, job)


# --- rosters ------------------------------------------------------------------------------------


def upload(desk: Desk, content: bytes, **more: Any) -> httpx.Response:
    form = {"source": "poverty_office", "effective_on": "2016-01-01", "mode": "delta"}
    return desk.yizhan.call(
        "POST",
        "/identity/v1/roster-imports",
        client="poverty-office",
        files={"file": ("roster.csv", content, "text/csv")},
        data=form | more,
    )


def sheet(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def registered(desk: Desk) -> int:
    url = desk.yizhan.environment["IDENTITY_DATABASE_URL"]
    return int(query(url, "SELECT count(*) AS n FROM persons")[0]["n"])


def test_a_roster_in_gbk_is_read_right(desk: Desk) -> None:
    """Goal: the offices' spreadsheets are in GBK. Method: rare characters, then a search."""
    person = RosterPerson("龑骉玥", date(1955, 5, 6), 77, household="G1", phone="10000000077")
    content = sheet(person.row()).decode().encode("gbk")
    answer = upload(desk, content)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    assert (answer.json()["accepted"], answer.json()["errors"]) == (1, [])
    applied = desk.yizhan.call(
        "POST",
        f"/identity/v1/roster-imports/{answer.json()['import_id']}/apply",
        client="poverty-office",
    )
    assert applied.status_code == httpx.codes.OK, applied.text
    found = desk.yizhan.call(
        "POST", "/identity/v1/persons/search", client="poverty-office", json={"name": person.name}
    ).json()["items"]
    assert len(found) == 1, found
    assert found[0]["village"] == person.village
    assert found[0]["masked_name"][0] == person.name[0]
    assert person.name not in json.dumps(found, ensure_ascii=False)
    quiet_counts(desk.yizhan)


def test_each_bad_row_is_named_and_only_good_rows_are_applied(desk: Desk) -> None:
    """Goal: row, column, fault and cure; no bad row gets in, no good one is held back.

    Method: one file with one row of each kind between two good ones; then the register is counted.
    """
    good = RosterPerson("好行甲", date(1958, 1, 2), 31, household="B1", phone="10000000031")
    other = RosterPerson("好行乙", date(1959, 2, 3), 33, household="B2", phone="10000000033")
    wrong = RosterPerson(SECRET_NAME, date(1961, 7, 9), 135, household="B3")
    row, number = wrong.row(), wrong.number
    check = "0" if number[-1] != "0" else "1"
    impossible = number[:10] + "0231" + number[14:]
    rows = [
        good.row(),
        row.replace(number, number[:-1] + check),
        row.replace(number, impossible),
        row.replace("2015-01-01", "2015-02-30"),
        good.row(),
        row.replace(number, "5.19901E+17"),
        other.row(),
    ]
    before = registered(desk)
    answer = upload(desk, sheet(*rows))
    assert answer.status_code == httpx.codes.CREATED, answer.text
    verdict = answer.json()
    assert (verdict["rows"], verdict["accepted"], verdict["rejected"]) == (7, 2, 5)
    assert [(e["row"], e["column"], e["code"]) for e in verdict["errors"]] == [
        (3, "id_number", "check_digit"),
        (4, "id_number", "birth_date_impossible"),
        (5, "valid_from", "date_impossible"),
        (6, "id_number", "duplicate"),
        (7, "id_number", "excel_number"),
    ]
    for error in verdict["errors"]:
        assert LATIN.search(error["message"])
        assert HAN.search(error["message_zh"])
    for secret in SECRETS:
        assert secret not in answer.text
    assert registered(desk) == before, "nothing is applied by an upload"
    desk.yizhan.call(
        "POST",
        f"/identity/v1/roster-imports/{verdict['import_id']}/apply",
        client="poverty-office",
    ).raise_for_status()
    assert registered(desk) == before + 2
    for name, expected in ((good.name, 1), (SECRET_NAME, 0)):
        found = desk.yizhan.call(
            "POST", "/identity/v1/persons/search", client="poverty-office", json={"name": name}
        ).json()["items"]
        assert len(found) == expected
    quiet_counts(desk.yizhan)


ROSTER_FILES: dict[str, tuple[bytes, int, str, dict[str, str]]] = {
    "missing column": (
        sheet(f"{SECRET_NAME},男", header="姓名,性别"),
        422,
        "roster_columns_missing",
        {"id_number": "column_missing", "category": "column_missing"},
    ),
    "no rows": (sheet(), 422, "roster_empty", {"file": "roster_empty"}),
    "empty file": (b"", 422, "roster_empty", {"file": "roster_empty"}),
    "binary": (bytes(range(256)) * 20, 422, "roster_unreadable", {"file": "roster_unreadable"}),
    "NUL characters": (
        sheet(f"{SECRET_NAME}\x00"),
        422,
        "roster_unreadable",
        {"file": "roster_unreadable"},
    ),
    "old .xls": (
        b"\xd0\xcf\x11\xe0" + bytes(600),
        422,
        "roster_unreadable",
        {"file": "roster_unreadable"},
    ),
    "broken .xlsx": (
        b"PK\x03\x04" + SECRET_NAME.encode() * 50,
        422,
        "roster_unreadable",
        {"file": "roster_unreadable"},
    ),
}


@pytest.mark.parametrize("kind", ROSTER_FILES)
def test_a_roster_file_that_cannot_be_used(desk: Desk, kind: str) -> None:
    """Goal: the whole file is refused with the cure. Method: each kind of unusable file."""
    content, status, code, fields = ROSTER_FILES[kind]
    with desk.nothing_written():
        answer = upload(desk, content)
    document = problem_of(answer)
    assert (answer.status_code, document["code"]) == (status, code), answer.text
    assert {e["field"]: e["code"] for e in document["errors"]} == fields


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ({"source": SECRET_NAME}, {"source": "literal_error"}),
        ({"effective_on": "2016-02-30"}, {"effective_on": "date_from_datetime_parsing"}),
        ({"effective_on": "2216-02-01"}, {"effective_on": "effective_on_implausible"}),
        ({"mode": "some"}, {"mode": "literal_error"}),
    ],
)
def test_a_roster_with_a_wrong_form_field(
    desk: Desk, form: dict[str, str], fields: dict[str, str]
) -> None:
    """Goal: the form's fields are named. Method: one wrong field at a time."""
    with desk.nothing_written():
        answer = upload(desk, sheet("x"), **form)
    document = problem_of(answer)
    assert answer.status_code == 422, answer.text
    assert {e["field"]: e["code"] for e in document["errors"]} == fields, document


def test_a_50_mb_upload_is_refused_without_being_held(desk: Desk) -> None:
    """Goal: 413 with the limit named, and memory that stays bounded.

    Method: 50 MB with and without an announced size; the process's peak memory before and after.
    """
    piece = b"x" * MEGABYTE
    boundary = "yizhan-boundary"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="r.csv"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    ).encode()
    tail = f"\r\n--{boundary}--\r\n".encode()

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(50):
            yield piece
        yield tail

    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    length = {"Content-Length": str(len(head) + 50 * MEGABYTE + len(tail))}
    desk.yizhan.get("/claims/v1/facilities")
    before_kb = peak_memory_kb(desk.yizhan)
    for announced in (length, {}):
        document = desk.refused(
            "POST",
            "/identity/v1/roster-imports",
            client="poverty-office",
            status=413,
            code="payload_too_large",
            content=body(),
            headers=headers | announced,
        )
        assert "20971520" in document["detail"]
    assert peak_memory_kb(desk.yizhan) - before_kb < 40 * 1024
    desk.yizhan.get("/claims/v1/facilities")


def peak_memory_kb(yizhan: Yizhan) -> int:
    assert yizhan.process is not None
    status = Path(f"/proc/{yizhan.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1])


# --- charges ------------------------------------------------------------------------------------


def line(**more: Any) -> dict[str, Any]:
    return BILL_A[0] | more


CHARGES: dict[str, tuple[list[dict[str, Any]], str, dict[str, str]]] = {
    "negative": (
        [line(amount="-1.00")],
        "negative_amount",
        {"lines[0].amount": "negative_amount"},
    ),
    "does not add up": (
        [line(quantity="3", unit_price="10.01", amount="30.00")],
        "amount_mismatch",
        {"lines[0].amount": "amount_mismatch"},
    ),
    "unknown class": (
        [line(catalogue_class="D")],
        "unknown_value",
        {"lines[0].catalogue_class": "unknown_value"},
    ),
    "unknown kind": (
        [line(kind=SECRET_NAME)],
        "unknown_value",
        {"lines[0].kind": "unknown_value"},
    ),
    "one number twice": (
        [line(), line(amount="5.00")],
        "duplicate_line_no",
        {"lines[1].line_no": "duplicate_line_no"},
    ),
    "money as a number": (
        [line(amount=30.5)],
        "validation_failed",
        {"lines[0].amount": "money_malformed"},
    ),
    "three decimals": (
        [line(amount="30.555")],
        "validation_failed",
        {"lines[0].amount": "money_malformed"},
    ),
    "no amount": (
        [{k: v for k, v in line().items() if k != "amount"}],
        "validation_failed",
        {"lines[0].amount": "missing"},
    ),
    "unknown field": (
        [line(patient_name=SECRET_NAME)],
        "validation_failed",
        {"lines[0].patient_name": "extra_forbidden"},
    ),
    "good line beside a bad one": (
        [line(), line(line_no=2, amount="-0.01")],
        "negative_amount",
        {"lines[1].amount": "negative_amount"},
    ),
    "no lines": ([], "no_lines", {"lines": "no_lines"}),
}


@pytest.mark.parametrize("kind", CHARGES)
def test_charges_that_cannot_stand_in_a_bill(desk: Desk, kind: str) -> None:
    """Goal: all lines or none, the field named. Method: one fault at a time in a batch."""
    lines, code, fields = CHARGES[kind]
    desk.refused(
        "POST",
        f"{desk.job.encounter_path}/charges",
        key=f"bad-{list(CHARGES).index(kind)}",
        json={"batch_no": "BAD", "lines": lines},
        status=422,
        code=code,
        fields=fields,
    )
    encounter = desk.yizhan.get(desk.job.encounter_path)
    assert (encounter["status"], encounter["totals"]["amount"]) == ("open", "0.00")


def test_a_refused_batch_may_be_corrected_under_its_key(desk: Desk) -> None:
    """Goal: an error costs the hospital nothing. Method: the same key, first bad, then good."""
    visit = MainJob(desk.yizhan, "ZY-KEY", known={"facility": desk.job.facility()})
    visit.recognise()
    visit.await_encounter()
    quiet_counts(desk.yizhan)
    path = f"{visit.encounter_path}/charges"
    bad = {"batch_no": "B1", "lines": [line(amount="-1.00")]}
    desk.refused("POST", path, key="corrected", json=bad, status=422, code="negative_amount")
    good = desk.yizhan.call(
        "POST", path, key="corrected", json={"batch_no": "B1", "lines": [line()]}
    )
    assert good.status_code == httpx.codes.CREATED, good.text


def test_an_implant_without_its_share_is_not_settled(desk: Desk) -> None:
    """Goal: JK-05, no silent default. Method: an implant without a share, preview and settle."""
    visit = MainJob(desk.yizhan, "ZY-IMPLANT", known={"facility": desk.job.facility()})
    visit.recognise()
    visit.await_encounter()
    implant = {k: v for k, v in BILL_A[2].items() if k != "self_first_ratio"}
    sent = desk.yizhan.call(
        "POST", f"{visit.encounter_path}/charges", json={"batch_no": "B1", "lines": [implant]}
    )
    assert sent.status_code == httpx.codes.CREATED, sent.text
    visit.discharge()
    quiet_counts(desk.yizhan)
    for step in ("settlement/preview", "settlement"):
        desk.refused(
            "POST",
            f"{visit.encounter_path}/{step}",
            status=422,
            code="missing_self_first_ratio",
            fields={"lines[0].self_first_ratio": "missing_self_first_ratio"},
        )
    assert desk.yizhan.get(visit.encounter_path)["status"] == "discharged"


def test_settlement_before_discharge(desk: Desk) -> None:
    """Goal: a bill is settled when the patient goes home. Method: settle an open encounter."""
    desk.refused(
        "POST",
        f"{desk.job.encounter_path}/settlement",
        key="too-early",
        status=409,
        code="not_discharged",
    )


# --- visits -------------------------------------------------------------------------------------


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


# --- bodies that are no documents ---------------------------------------------------------------

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


# --- packs and addresses ------------------------------------------------------------------------


def quote(**changes: Any) -> dict[str, Any]:
    return {
        "pack": "jinkouhe-2016",
        "visit": {
            "type": "inpatient",
            "facility_level": "secondary",
            "in_region": True,
            "designated": True,
            "referral": False,
            "admitted_on": "2016-03-01",
            "discharged_on": "2016-03-08",
            "diagnoses": ["J18.900"],
        },
        "person": {"categories": ["registered_poor"], "insurance_plan": "resident"},
        "year_to_date": {},
        "lines": BILL_A,
    } | changes


@pytest.mark.parametrize(
    ("changes", "code", "fields"),
    [
        ({"pack": "atlantis-1999"}, "unknown_pack", {"pack": "unknown_pack"}),
        (
            {"parameters": {"basic.ratio.secondary": None}},
            "missing_parameter",
            {"parameters.basic.ratio.secondary": "missing_parameter"},
        ),
        ({"lines": "none"}, "validation_failed", {"lines": "list_type"}),
    ],
)
def test_a_quote_that_cannot_be_calculated(
    desk: Desk, changes: dict[str, Any], code: str, fields: dict[str, str]
) -> None:
    """Goal: the pack and the parameter are named. Method: unknown, without a value."""
    desk.refused(
        "POST",
        "/claims/v1/settlements/quote",
        json=quote(**changes),
        status=422,
        code=code,
        fields=fields,
    )


@pytest.mark.parametrize(
    ("method", "path", "client", "status", "code"),
    [
        ("GET", f"/claims/v1/encounters/{NOWHERE}", "hospital", 404, "encounter_not_found"),
        ("POST", f"/claims/v1/encounters/{NOWHERE}/settlement", "hospital", 404, "encounter_not_found"),
        ("GET", f"/claims/v1/settlements/{NOWHERE}", "hospital", 404, "settlement_not_found"),
        ("GET", "/claims/v1/encounters/not-an-id", "hospital", 422, "validation_failed"),
        ("GET", "/claims/v1/persons/nobody/standing", "hospital", 404, "person_not_found"),
        ("GET", f"/identity/v1/persons/{NOWHERE}", "poverty-office", 404, "person_unknown"),
        ("GET", f"/identity/v1/roster-imports/{NOWHERE}", "poverty-office", 404, "roster_import_unknown"),
        ("POST", f"/identity/v1/roster-imports/{NOWHERE}/apply", "poverty-office", 404, "roster_import_unknown"),
        ("GET", "/claims/v1/encounters?cursor=abc", "hospital", 422, "cursor_malformed"),
        ("GET", "/claims/v1/encounters?cursor=WzFd", "hospital", 422, "cursor_malformed"),
        ("GET", "/claims/v1/encounters?limit=0", "hospital", 422, "validation_failed"),
        ("GET", "/claims/v1/encounters?limit=201", "hospital", 422, "validation_failed"),
        ("GET", "/claims/v1/encounters?limit=ten", "hospital", 422, "validation_failed"),
        ("GET", "/claims/v1/encounters?status=lost", "hospital", 422, "validation_failed"),
        ("GET", "/claims/v1/encounters?visit_no=%00", "hospital", 422, "text_not_storable"),
        ("GET", "/identity/v1/events?after=-1", "operator", 422, "validation_failed"),
        ("GET", "/identity/v1/events?after=9223372036854775808", "operator", 422, "validation_failed"),
        ("GET", "/contracts/v1/contracts?cursor=abc", "township", 422, "cursor_malformed"),
        ("GET", f"/claims/v1/{SECRET_NUMBER}", "hospital", 404, "not_found"),
        ("GET", f"/{SECRET_NUMBER}", "hospital", 404, "not_found"),
        ("DELETE", "/claims/v1/facilities", "hospital", 405, "method_not_allowed"),
        ("GET", "/reporting/v1/indicators/no_such", "director", 404, "indicator_unknown"),
    ],
)  # fmt: skip
def test_unknown_ids_cursors_and_addresses(
    desk: Desk, method: str, path: str, client: str, status: int, code: str
) -> None:
    """Goal: 404, 405 or 422 with the reason, never a 500. Method: each kind of wrong address."""
    desk.refused(method, path, client=client, status=status, code=code)


def test_no_token_and_a_wrong_one(desk: Desk) -> None:
    """Goal: 401 tells how to get one. Method: none, nonsense, and a bad client secret."""
    url = f"{desk.yizhan.base_url}/claims/v1/facilities"
    for headers in ({}, {"Authorization": f"Bearer {SECRET_NUMBER}"}):
        answer = httpx.get(url, headers=headers)
        assert problem_of(answer)["code"] == "unauthorized"
        assert answer.headers["www-authenticate"].startswith("Bearer")
    refused = httpx.post(
        f"{desk.yizhan.base_url}/oauth/token",
        data={
            "grant_type": "client_credentials",
            "client_id": "hospital",
            "client_secret": SECRET_NUMBER,
        },
    )
    assert refused.status_code == 401, refused.text
    assert SECRET_NUMBER not in refused.text


# --- at the end ---------------------------------------------------------------------------------


def test_afterwards_feeds_and_logs_show_nothing_of_it(desk: Desk) -> None:
    """Goal: no late event, no 500, no value in a log. Method: read the feeds and both logs."""
    counts = quiet_counts(desk.yizhan)
    for service in SERVICES:
        assert len(events(desk.yizhan, service)) == counts[f"{service}.outbox"]
    assert counts["claims.dead_letters"] == 0
    assert counts["claims.settlements"] == 0
    trial = desk.yizhan.get("/claims/v1/ledger/trial-balance")
    assert (trial["total"], trial["accounts"]) == ("0.00", [])
    logs = [desk.yizhan.log_path, desk.yizhan.data_dir / "yizhan.log"]
    text = "\n".join(path.read_text(errors="replace") for path in logs)
    assert '"request_finished"' in text, "the log was not read"
    assert "request_failed" not in text
    assert not re.search(r'"status": 5\d\d', text)
    for secret in SECRETS:
        assert secret not in text
        assert secret.encode("unicode_escape").decode() not in text
