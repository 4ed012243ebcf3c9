"""Rosters: single rows that are refused, whole files that cannot be used, and one in GBK."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.bad_input.desk import (
    HAN,
    LATIN,
    MEGABYTE,
    SECRET_NAME,
    SECRETS,
    Desk,
    problem_of,
)
from tests.e2e.inspection import query, quiet_counts
from tests.support.people import HEADER, RosterPerson
from tests.support.process import Yizhan


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


def test_an_upload_of_80_mb_is_refused_without_being_held(desk: Desk) -> None:
    """Goal: 413 with the limit named, and memory that stays bounded.

    Method: 80 MB with and without an announced size; the process's peak memory before and after.
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
        for _ in range(80):
            yield piece
        yield tail

    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    length = {"Content-Length": str(len(head) + 80 * MEGABYTE + len(tail))}
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
        assert "67108864" in document["detail"]
    assert peak_memory_kb(desk.yizhan) - before_kb < 40 * 1024
    desk.yizhan.get("/claims/v1/facilities")


def peak_memory_kb(yizhan: Yizhan) -> int:
    assert yizhan.process is not None
    status = Path(f"/proc/{yizhan.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1])
