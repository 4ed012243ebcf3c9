"""No direct identifier leaves its column: not in a dump, not in a log, not in an event.

Goal: whoever gets hold of a backup or of the logs learns nobody's name, number, phone, address,
card or household number.
Method: a county of synthetic people with values that occur nowhere else goes through the main job,
through good requests and refused ones; then every database is dumped and everything is searched,
in each form in which bytes of text can hide. Positive controls show that the search would find it.
"""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import pytest

from deploy.embedded.blocking import run_blocking
from shared.db.session import Database
from shared.security import audit
from tests.e2e.identifiers import PEOPLE, Search, Villager, villagers
from tests.e2e.inspection import database_url, events, query, quiet_counts
from tests.support.main_job import MainJob
from tests.support.people import HEADER, NEIGHBOUR, PATIENT
from tests.support.postgres import database, plain_dsn, program, superuser_dsn
from tests.support.process import SERVICES, Yizhan, eventually
from tests.support.product import product


def dump(dsn: str) -> bytes:
    done = subprocess.run(
        [program("pg_dump"), "--dbname", dsn], capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


@dataclass(frozen=True)
class County:
    yizhan: Yizhan
    job: MainJob
    people: list[Villager]
    search: Search
    revealed: str
    """person_id of the one whose identifiers were revealed."""


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    people = villagers()
    with product(tmp_path_factory.mktemp("privacy") / "data") as yizhan:
        yizhan.start()
        import_everyone(yizhan, people)
        job = MainJob(yizhan, "ZY-PRIVACY-1", people[0].person)
        job.recognise()
        job.await_encounter()
        job.sign_contract()
        job.charge()
        job.discharge()
        job.settle()
        eventually(job.tasks, what="the team gets its task")
        for at, villager in enumerate(people[1:8], start=1):
            recognise_in_every_way(yizhan, job, villager, at)
        revealed = look_up_and_reveal(yizhan, people[3])
        ask_wrongly(yizhan, job, people[4])
        quiet_counts(yizhan)
        yield County(yizhan, job, people, Search(people), revealed)


def import_everyone(yizhan: Yizhan, people: list[Villager]) -> None:
    """Two rosters: one with rejected rows, then the applied one with a changed phone."""
    header = f"{HEADER},家庭住址,银行卡号"
    plain = [f"{person.row()},无,无" for person in (PATIENT, NEIGHBOUR)]
    rows = [villager.row() for villager in people]
    broken = rows[0].replace(people[0].person.number, people[0].person.number[:-1] + "A")
    for content, rejected in (
        ([header, *plain, *rows, broken], 1),
        ([header, *plain, *rows], 0),
    ):
        sent = yizhan.call(
            "POST",
            "/identity/v1/roster-imports",
            client="poverty-office",
            files={"file": (f"{people[5].person.name}.csv", "\n".join(content).encode())},
            data={"source": "poverty_office", "effective_on": "2016-01-01", "mode": "full"},
            key=f"import-{rejected}",
        )
        assert (sent.status_code, sent.json()["rejected"]) == (201, rejected), sent.text
        import_id = sent.json()["import_id"]
        applied = yizhan.call(
            "POST", f"/identity/v1/roster-imports/{import_id}/apply", client="poverty-office"
        )
        assert applied.status_code == httpx.codes.OK, applied.text
        yizhan.call(
            "GET", f"/identity/v1/roster-imports/{import_id}/errors.xlsx", client="poverty-office"
        ).raise_for_status()


def recognise_in_every_way(yizhan: Yizhan, job: MainJob, villager: Villager, at: int) -> None:
    """Numbers in both lengths and cases, names with address and phone, wrong names."""
    person, secrets = villager.person, villager.secrets()
    by_name = {"name": person.name, "birth_date": person.birth.isoformat()}
    ways: list[dict[str, Any]] = [
        {"id_number": person.number.lower(), "name": person.name},
        {"id_number": secrets["id_number_15"]},
        {**by_name, "address": villager.address, "phone": person.phone},
        {**by_name, "card_no": villager.card_no, "mother_id_number": person.number},
        {"id_number": person.number, "name": f"{person.name}误"},
    ]
    for number, credentials in enumerate(ways):
        visit = {
            "visit_no": f"MZ-{at}-{number}",
            "type": "outpatient",
            "occurred_at": "2016-04-01T09:30:00+08:00",
        }
        answer = yizhan.call(
            "POST",
            "/identity/v1/recognitions",
            key=f"way-{at}-{number}",
            json={"facility_code": job.facility(), "visit": visit, "credentials": credentials},
        )
        assert answer.status_code == httpx.codes.OK, answer.text
        assert person.name not in answer.text
        assert person.number not in answer.text


def look_up_and_reveal(yizhan: Yizhan, villager: Villager) -> str:
    person = villager.person
    searches: list[dict[str, Any]] = [
        {"id_number": person.number},
        {"name": person.name},
        {"name": person.name, "birth_date": person.birth.isoformat()},
    ]
    for sought in searches:
        found = yizhan.call(
            "POST", "/identity/v1/persons/search", client="poverty-office", json=sought
        )
        assert len(found.json()["items"]) == 1, found.text
        assert person.name not in found.text
    person_id = str(found.json()["items"][0]["person_id"])
    shown = yizhan.get(f"/identity/v1/persons/{person_id}", client="poverty-office")
    assert person.number not in json.dumps(shown)
    for _ in range(2):  # the second one is replayed from the stored answer
        revealed = yizhan.call(
            "POST",
            f"/identity/v1/persons/{person_id}/reveal",
            client="poverty-office",
            key="reveal-once",
            json={"reason": f"核对{person.name}的身份证 {person.number}"},
        )
        assert (revealed.json()["name"], revealed.json()["id_number"]) == (
            person.name,
            person.number,
        )
    return person_id


def ask_wrongly(yizhan: Yizhan, job: MainJob, villager: Villager) -> None:
    """Refused requests and careless addresses must leave no trace of the person either."""
    person = villager.person
    number = person.number
    careless: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"/identity/v1/persons/{number}", {}),
        ("GET", f"/claims/v1/encounters?visit_no={number}", {}),
        ("GET", f"/{number}", {}),
        ("GET", f"/{quote(person.name)}", {}),
        ("POST", f"/identity/v1/persons/search?name={quote(person.name)}", {"json": {}}),
        ("POST", "/identity/v1/persons/search", {"json": {"name": [person.name]}}),
        ("POST", "/identity/v1/persons/search", {"content": f'{{"name": "{person.name}'}),
        ("POST", "/identity/v1/persons/search", {"json": {"id_number": number[:-1] + "A"}}),
        ("POST", "/identity/v1/recognitions", {"json": {"credentials": {"name": person.name}}}),
        (
            "POST",
            "/identity/v1/recognitions",
            {"json": job.visit() | {"credentials": {"name": f"{person.name}\x00"}}},
        ),
    ]
    for method, path, options in careless:
        answer = yizhan.call(method, path, client="operator", **options)
        assert answer.status_code < 500, answer.text
    refused = httpx.get(
        f"{yizhan.base_url}/claims/v1/facilities", headers={"Authorization": f"Bearer {number}"}
    )
    assert refused.status_code == 401


# --- the search ---------------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
def test_a_dump_holds_no_identifier(county: County, service: str) -> None:
    """Goal: a stolen backup tells nobody. Method: pg_dump of the service's database, searched."""
    content = dump(plain_dsn(database_url(county.yizhan, service)))
    assert b"PostgreSQL database dump complete" in content
    assert county.job.known["recognition"]["person_id"].encode() in content, "an empty dump"
    assert county.search.hits(content) == set()


def test_the_dump_is_of_a_full_register(county: County) -> None:
    """Goal: zero hits in an empty database would mean nothing. Method: count the people."""
    url = database_url(county.yizhan, "identity")
    people = query(
        url,
        "SELECT count(*) AS n, count(phone_enc) AS phones, count(id_number_enc) AS numbers"
        " FROM persons",
    )[0]
    assert (people["n"], people["phones"], people["numbers"]) == (PEOPLE + 2,) * 3
    assert query(url, "SELECT count(*) AS n FROM recognitions")[0]["n"] == 1 + 7 * 5
    content = dump(plain_dsn(url))
    assert content.count("测试村".encode()) >= PEOPLE, "what stands in clear is found"


def test_the_search_finds_a_planted_value_in_every_form(county: County) -> None:
    """Goal: the search can find. Method: one value of each kind planted in each form, dumped."""
    villager = county.people[9]
    with database() as url:

        async def plant() -> None:
            connection = await asyncpg.connect(plain_dsn(url))
            try:
                await connection.execute(
                    "CREATE TABLE planted (kind text, form text, t text, b bytea, j jsonb)"
                )
                for kind, text in villager.secrets().items():
                    base = base64.b64encode(b"ab" + text.encode() + b"tail").decode()
                    rows = [
                        ("text", f"x{text}y", None, None),
                        ("json", None, None, json.dumps({"deep": [f"<{text}>"]})),
                        ("bytes", None, b"\x01" + text.encode() + b"\x02", None),
                        ("utf-16", None, text.encode("utf-16"), None),
                        ("base64", base, None, None),
                        ("hex", text.encode().hex().upper(), None, None),
                        ("escaped", json.dumps(text), None, None),
                    ]
                    for form, t, b, j in rows:
                        await connection.execute(
                            "INSERT INTO planted VALUES ($1, $2, $3, $4, $5)", kind, form, t, b, j
                        )
            finally:
                await connection.close()

        run_blocking(plant)
        content = dump(plain_dsn(url))
        assert county.search.hits(content) == {f"{kind} of person 9" for kind in villager.secrets()}
        lines = content.split(b"\nCOPY public.planted")[1].split(b"\n\\.\n")[0].split(b"\n")[1:]
        assert len(lines) == 7 * len(villager.secrets())
        for line in lines:
            kind = line.split(b"\t")[0].decode()
            assert f"{kind} of person 9" in county.search.hits(line), line


def test_the_process_and_its_files_tell_nothing(county: County) -> None:
    """Goal: logs and files are safe to hand on. Method: all output, and every file it wrote."""
    written = [path for path in county.yizhan.data_dir.rglob("*") if path.is_file()]
    log = county.yizhan.data_dir / "yizhan.log"
    assert log in written
    assert log.read_bytes().count(b'"request_finished"') > 50, "the log was not read"
    for path in (county.yizhan.log_path, *written):
        assert county.search.hits(path.read_bytes()) == set(), path.name


def test_the_database_server_s_own_log_tells_nothing(county: County) -> None:
    """Goal: errors of statements show no values. Method: the server's log files, as superuser."""

    async def read() -> tuple[bytes, int]:
        connection = await asyncpg.connect(superuser_dsn())
        try:
            names = await connection.fetch("SELECT name FROM pg_ls_logdir()")
            folder = await connection.fetchval("SHOW log_directory")
            parts = [
                await connection.fetchval("SELECT pg_read_binary_file($1)", f"{folder}/{r['name']}")
                for r in names
            ]
            return b"".join(parts), len(parts)
        finally:
            await connection.close()

    content, files = run_blocking(read)
    assert files
    assert content, "the server's log is empty"
    assert county.search.hits(content) == set()


def test_events_tell_nothing(county: County) -> None:
    """Goal: what agencies pull is pseudonymous. Method: every feed, searched."""
    for service in SERVICES:
        told = events(county.yizhan, service)
        content = json.dumps(told, ensure_ascii=False).encode()
        assert county.search.hits(content) == set(), service
    assert events(county.yizhan, "identity")


# --- the audit log ------------------------------------------------------------------------------


async def verdict(url: str) -> audit.AuditVerdict:
    db = Database(url, service="audit-test")
    try:
        async with db.reading() as session:
            return await audit.verify(session)
    finally:
        await db.close()


def sealed(yizhan: Yizhan, service: str) -> audit.AuditVerdict:
    """The verdict once every row is sealed."""
    url = database_url(yizhan, service)

    def complete() -> audit.AuditVerdict | None:
        found = run_blocking(lambda: verdict(url))
        return found if not found.unsealed else None

    return eventually(complete, what=f"{service}'s audit log is sealed")


def test_every_look_at_a_person_is_in_the_sealed_log(county: County) -> None:
    """Goal: who saw what can be proved. Method: the chain verified; searches, looks, the reveal."""
    for service in ("identity", "claims", "contracts"):
        found = sealed(county.yizhan, service)
        assert found.faults == (), service
        assert found.rows > 0, service
    rows = query(
        database_url(county.yizhan, "identity"),
        "SELECT action, actor, subject, detail::text AS detail FROM audit_log"
        " WHERE subject = $1 OR action = 'person.searched' ORDER BY number",
        county.revealed,
    )
    actions = [row["action"] for row in rows if row["actor"] == "poverty-office"]
    assert actions == ["person.searched"] * 3 + ["person.read", "person.revealed"]
    reveal = rows[-1]
    assert json.loads(reveal["detail"]).keys() == {"reveal_id"}


def test_a_changed_audit_row_is_noticed(county: County) -> None:
    """Goal: nobody rewrites what he did. Method: as superuser, past the guard, and put back."""
    url = database_url(county.yizhan, "identity")
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        query(url, "UPDATE audit_log SET actor = 'nobody' WHERE action = 'person.revealed'")
    sealed(county.yizhan, "identity")
    name = plain_dsn(url).partition("@/")[2].partition("?")[0]

    async def tamper(actor: str) -> None:
        connection = await asyncpg.connect(superuser_dsn(name))
        try:
            async with connection.transaction():
                await connection.execute("SET LOCAL session_replication_role = replica")
                await connection.execute(
                    "UPDATE audit_log SET actor = $1 WHERE action = 'person.revealed'", actor
                )
        finally:
            await connection.close()

    run_blocking(lambda: tamper("nobody"))
    try:
        faults = run_blocking(lambda: verdict(url)).faults
        assert len(faults) == 1
        assert "was changed after it was sealed" in faults[0]
    finally:
        run_blocking(lambda: tamper("poverty-office"))
    assert run_blocking(lambda: verdict(url)).faults == ()
