"""Two persons per roster, remembered headers, an insurer's list, the list of imports, progress."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from shared.runtime import helpers
from shared.security.scopes import SCOPES
from tests.integration.identity.office import HEADER, Office
from tests.support.people import NEIGHBOUR, PATIENT, roster_csv
from tests.support.service import COUNTY, Running

MAPPING = "/identity/v1/roster-mappings/poverty_office"


@asynccontextmanager
async def signed_in(identity: Running, client_id: str) -> AsyncIterator[Office]:
    """The office as one person (``user:…``) or API client uses it."""
    token = identity.signer.sign(client_id=client_id, organisation=COUNTY, scopes=tuple(SCOPES))
    async with identity.client() as http:
        http.headers["authorization"] = f"Bearer {token}"
        yield Office(http=http, service=identity)


async def confirm(office: Office, import_id: str) -> httpx.Response:
    return await office.http.post(f"/identity/v1/roster-imports/{import_id}/confirm")


def state(answer: httpx.Response) -> tuple[Any, ...]:
    body = answer.json()
    if answer.status_code >= 400:
        return answer.status_code, body["code"]
    return body["status"], body["confirmed_by"], body["applied_by"]


class TestTwoPersons:
    async def test_one_uploads_another_confirms(self, identity: Running) -> None:
        """Goal: JK-84, 待核对 then 已确认. Method: the uploader may neither confirm nor apply; a
        colleague confirms, and then the uploader may apply."""
        async with signed_in(identity, "user:one") as one, signed_in(identity, "user:two") as two:
            import_id = (await one.upload(roster_csv(PATIENT))).json()["import_id"]
            for refused in (await confirm(one, import_id), await one.apply(import_id)):
                assert state(refused) == (409, "needs_second_person")
                assert refused.json()["title_zh"]
            assert await identity.rows("SELECT 1 AS one FROM persons") == []
            assert state(await confirm(two, import_id)) == ("confirmed", "user:two", None)
            assert state(await confirm(two, import_id)) == ("confirmed", "user:two", None)
            assert state(await one.apply(import_id)) == ("applied", "user:two", "user:one")
            assert state(await confirm(one, import_id)) == ("applied", "user:two", "user:one")
        actions = await identity.rows("SELECT actor, action FROM audit_log ORDER BY 1, 2")
        assert [(row["actor"], row["action"]) for row in actions] == [
            ("user:one", "roster.applied"),
            ("user:one", "roster.uploaded"),
            ("user:two", "roster.confirmed"),
        ]

    async def test_the_second_person_may_apply_at_once(self, identity: Running) -> None:
        """Goal: his call is the confirmation. Method: another person applies what was uploaded."""
        async with signed_in(identity, "user:one") as one, signed_in(identity, "user:two") as two:
            import_id = (await one.upload(roster_csv(PATIENT))).json()["import_id"]
            assert state(await two.apply(import_id)) == ("applied", "user:two", "user:two")

    async def test_a_machine_is_no_second_person(self, identity: Running) -> None:
        """Goal: two people. Method: an API client confirms and applies a person's roster; its own
        it may apply by itself, as may a person."""
        async with signed_in(identity, "user:one") as one, signed_in(identity, "office") as machine:
            import_id = (await one.upload(roster_csv(PATIENT))).json()["import_id"]
            for refused in (await confirm(machine, import_id), await machine.apply(import_id)):
                assert state(refused) == (409, "needs_second_person")
            own = (await machine.upload(roster_csv(PATIENT))).json()["import_id"]
            assert state(await machine.apply(own)) == ("applied", None, "office")
            other = (await machine.upload(roster_csv(PATIENT, NEIGHBOUR))).json()["import_id"]
            assert state(await confirm(one, other)) == ("confirmed", "user:one", None)
            assert state(await one.apply(other)) == ("applied", "user:one", "user:one")

    async def test_only_what_could_be_applied_can_be_confirmed(self, identity: Running) -> None:
        """Goal: no confirmation of an outcome that is no longer true. Method: another import was
        applied meanwhile; a file of rejected rows; an unknown import."""
        async with signed_in(identity, "user:one") as one, signed_in(identity, "user:two") as two:
            stale = (await one.upload(roster_csv(PATIENT))).json()["import_id"]
            newer = (await one.upload(roster_csv(PATIENT, NEIGHBOUR))).json()["import_id"]
            assert (await two.apply(newer)).status_code == 200
            assert state(await confirm(two, stale)) == (409, "roster_changed_since_validation")
            bad = (await one.upload(f"{HEADER}\nH1,测试丁,1,,,,,,,,,\n".encode())).json()
            assert state(await confirm(two, bad["import_id"])) == (409, "no_row_accepted")
            unknown = "019a0000-0000-7000-8000-000000000001"
            assert state(await confirm(two, unknown)) == (404, "roster_import_unknown")


class TestMappings:
    async def test_an_office_teaches_its_headers_once(self, office: Office) -> None:
        """Goal: remembered per source. Method: unknown headers are told, mapped, and understood by
        the next upload of that source, and of no other."""
        content = f"帮扶对象,证件号码,类别,种类\n{PATIENT.name},{PATIENT.number},某乡,建档立卡\n"
        refused = await office.upload(content.encode())
        assert (refused.status_code, refused.json()["code"]) == (422, "roster_columns_missing")
        assert refused.json()["unknown_headers"] == ["帮扶对象", "种类"]
        assert PATIENT.number not in refused.text
        headers = {"帮扶对象": "name", " 种 类 ": "category", "类别": None}
        kept = await office.http.put(MAPPING, json={"headers": headers})
        assert kept.status_code == 200, kept.text
        uploaded = await office.upload(content.encode())
        assert uploaded.status_code == 201, uploaded.text
        assert (uploaded.json()["accepted"], uploaded.json()["errors"]) == (1, [])
        other = await office.upload(content.encode(), source="civil_affairs")
        assert other.status_code == 422

        body = (await office.http.get(MAPPING)).json()
        assert body["headers"] == {"帮扶对象": "name", "种 类": "category", "类别": None}
        assert body["updated_by"] == "tester"
        assert {"column": "name", "name_zh": "姓名"}.items() <= body["columns"][1].items()

    async def test_nothing_is_remembered_at_first(self, office: Office) -> None:
        """Goal: an empty mapping, not an error. Method: ask before any was kept."""
        body = (await office.http.get(MAPPING)).json()
        assert (body["headers"], body["updated_at"]) == ({}, None)
        assert {each["column"] for each in body["columns"]} >= {"household_no", "reason"}

    async def test_no_value_is_kept_as_a_header(self, office: Office) -> None:
        """Goal: headers only. Method: a number as a header, a column that is none, one twice."""
        headers = {PATIENT.number: "id_number", "姓 名": "name", "姓名": "name", "备注": "remark"}
        answer = await office.http.put(MAPPING, json={"headers": headers})
        assert (answer.status_code, answer.json()["code"]) == (422, "roster_mapping_faulty")
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [
            ("headers.1", "not_a_header"),
            ("headers.3", "header_twice"),
            ("headers.4", "column_unknown"),
        ]
        assert PATIENT.number not in answer.text

    async def test_a_file_without_a_header_tells_nothing_of_its_rows(self, office: Office) -> None:
        """Goal: data are never taken for headers. Method: a file of rows alone."""
        answer = await office.upload(f"{PATIENT.row()}\n{NEIGHBOUR.row()}\n".encode())
        assert answer.json()["code"] == "roster_columns_missing"
        assert answer.json()["unknown_headers"] == []
        assert PATIENT.name not in answer.text


class TestInsurer:
    FILE = (
        "姓名,证件号码,参保状态,缴费档次\n"
        f"{PATIENT.name},{PATIENT.number},已参保,一档\n"
        f"{NEIGHBOUR.name},{NEIGHBOUR.number},已参保,二档\n"
    ).encode()

    async def test_enrolment_is_kept_of_whoever_is_registered(self, office: Office) -> None:
        """Goal: enrolment and tier of the registered, nothing of anybody else. Method: an insurer's
        list without categories about one registered person and one stranger; then one without him.
        """
        await office.register(PATIENT)
        uploaded = (await office.upload(self.FILE, source="insurer")).json()
        assert (uploaded["accepted"], uploaded["passed_over"]) == (2, 1)
        assert uploaded["diff"] == {"added": 1, "changed": 0, "removed": 0, "unchanged": 1}
        await office.apply(uploaded["import_id"])
        assert len(await office.service.rows("SELECT 1 AS one FROM persons")) == 1
        (row,) = await office.service.rows(
            "SELECT record_enc FROM source_records WHERE source = 'insurer'"
        )
        record = office.service.context.vault.decrypt(
            row["record_enc"], column="source_records.record"
        )
        assert '"kept":{"enrolment":"已参保","plan_tier":"一档"}' in record
        assert len(await office.events("person.entered.v1")) == 1
        assert await office.events("person.changed.v1") == []

        again = (await office.upload(self.FILE, source="insurer")).json()
        assert again["diff"] == {"added": 0, "changed": 0, "removed": 0, "unchanged": 2}
        other = self.FILE.decode().splitlines()
        without = "\n".join([other[0], other[2]]).encode()
        uploaded = (await office.upload(without, source="insurer")).json()
        assert uploaded["diff"]["removed"] == 1
        await office.apply(uploaded["import_id"])
        current = await office.service.rows(
            "SELECT source FROM source_records WHERE superseded_at IS NULL"
        )
        assert [row["source"] for row in current] == ["poverty_office"]
        found = await office.recognise({"id_number": PATIENT.number})
        assert [c["code"] for c in found["categories"]] == ["registered_poor"]


class TestLists:
    async def test_imports_are_listed_the_latest_first(self, office: Office) -> None:
        """Goal: what waits for confirmation. Method: three imports, pages of two, by state."""
        ids = [(await office.upload(roster_csv(PATIENT))).json()["import_id"] for _ in range(3)]
        await office.apply(ids[1])
        first = (await office.http.get("/identity/v1/roster-imports?limit=2")).json()
        rest = (
            await office.http.get(
                "/identity/v1/roster-imports",
                params={"limit": 2, "cursor": first["next_cursor"]},
            )
        ).json()
        assert [i["import_id"] for i in (*first["items"], *rest["items"])] == ids[::-1]
        assert rest["next_cursor"] is None
        waiting = (await office.http.get("/identity/v1/roster-imports?status=validated")).json()
        assert [item["import_id"] for item in waiting["items"]] == [ids[2], ids[0]]
        wrong = await office.http.get("/identity/v1/roster-imports?cursor=WyJ4IiwieSJd")
        assert (wrong.status_code, wrong.json()["code"]) == (422, "cursor_malformed")

    async def test_progress_is_readable_while_it_runs(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Goal: an office sees that it goes on. Method: the database holds the apply up after the
        register's lock was taken; meanwhile the progress is read, and afterwards."""
        import_id = (await office.upload(roster_csv(PATIENT, NEIGHBOUR))).json()["import_id"]
        path = "/identity/v1/roster-imports/progress"
        (uploaded,) = (await office.http.get(path)).json()["items"]
        assert (uploaded["import_id"], uploaded["stage"]) == (import_id, "done")
        async with office.service.context.db.writing() as session:
            await session.execute(text("LOCK TABLE households IN EXCLUSIVE MODE"))
            running = asyncio.create_task(office.apply(import_id))
            stage: dict[str, Any] = {}
            for _ in range(100):
                await asyncio.sleep(0.05)
                (stage,) = (await office.http.get(path)).json()["items"]
                if stage["stage"] == "applying" and stage["total"]:
                    break
            assert (stage["stage"], stage["done"], stage["total"]) == ("applying", 0, 2)
        assert (await running).json()["status"] == "applied"
        (ended,) = (await office.http.get(path)).json()["items"]
        assert ended["stage"] == "done"

    async def test_a_failure_is_seen_as_one(self, office: Office) -> None:
        """Goal: no import that seems to run for ever. Method: a file that cannot be read."""
        await office.upload(b"PK\x03\x04 broken zip")
        (item,) = (await office.http.get("/identity/v1/roster-imports/progress")).json()["items"]
        assert item["stage"] == "failed"


async def test_a_long_roster_goes_through_other_processes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: what helper processes judge and open is what the register holds. Method: pieces of one
    row, so that seven rows are long; entered, the same again, one changed, and read by a window."""
    monkeypatch.setenv("IDENTITY_CHUNK_ROWS", "1")
    people = [
        PATIENT.but(name=f"测试{word}", sequence=11 + at)
        for at, word in enumerate("甲乙丙丁戊己庚")
    ]
    assert (await office.register(*people))["diff"]["added"] == 7
    assert (await office.upload(roster_csv(*people))).json()["diff"]["unchanged"] == 7
    people[3] = people[3].but(name="测试申", phone="10000000077")
    assert (await office.register(*people))["diff"]["changed"] == 1
    found = await office.recognise({"id_number": people[3].number, "name": "测试申"})
    assert found["grade"] == "certain"
    assert len(await office.events("person.entered.v1")) == 7


async def test_a_helper_that_is_ended_is_told_with_the_cure(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: whoever has too little memory is told so, nothing is half done, and the next attempt
    does it. Method: helpers that end at once, at the upload and at the application."""
    monkeypatch.setenv("IDENTITY_CHUNK_ROWS", "1")
    roster = roster_csv(*(PATIENT.but(sequence=11 + at) for at in range(6)))
    program = helpers._PROGRAM
    monkeypatch.setattr(helpers, "_PROGRAM", "raise SystemExit(9)")
    told = [await office.upload(roster)]
    monkeypatch.setattr(helpers, "_PROGRAM", program)
    import_id = (await office.upload(roster)).json()["import_id"]
    monkeypatch.setattr(helpers, "_PROGRAM", "raise SystemExit(9)")
    told.append(await office.apply(import_id))
    for answer in told:
        assert (answer.status_code, answer.json()["code"]) == (503, "roster_interrupted")
        assert "IDENTITY_IMPORT_HELPERS" in answer.json()["detail"]
    assert await office.service.rows("SELECT 1 FROM persons") == []
    assert len(await office.service.rows("SELECT 1 FROM roster_imports")) == 1
    monkeypatch.setattr(helpers, "_PROGRAM", program)
    assert (await office.apply(import_id)).json()["status"] == "applied"


async def test_a_category_of_nobody_is_refused(office: Office) -> None:
    """Goal: the register holds nothing about persons who are not on it, although no foreign key
    says so. Method: of two copies of what is known of a person one is another's."""
    await office.apply((await office.upload(roster_csv(PATIENT))).json()["import_id"])
    tables = {"memberships": "membership_id", "source_records": "record_id"}
    for table, key in tables.items():
        for person, refused in (("person_id", False), ("gen_random_uuid()", True)):
            changed = f"jsonb_build_object('{key}', gen_random_uuid(), 'person_id', {person})"
            if table == "source_records":
                changed += ' || \'{"source": "insurer"}\''
            copied = text(
                f"INSERT INTO {table} SELECT (jsonb_populate_record(t, {changed})).* FROM {table} t"
            )
            async with office.service.context.db.writing() as session:
                if not refused:
                    await session.execute(copied)
                    await session.rollback()
                    continue
                with pytest.raises(IntegrityError, match=f"{table} of person"):
                    await session.execute(copied)
                await session.rollback()


async def test_a_household_that_is_not_there_is_refused(office: Office) -> None:
    """Goal: no person is of a household that the register does not know, although no foreign key
    says so. Method: his is changed, and he is copied, to one that is there and to one that is not."""
    await office.apply((await office.upload(roster_csv(PATIENT, NEIGHBOUR))).json()["import_id"])
    copied = (
        "INSERT INTO persons SELECT (jsonb_populate_record(p, jsonb_build_object('person_id',"
        " gen_random_uuid(), 'household_id', {household}))).* FROM persons p"
    )
    for statement in ("UPDATE persons SET household_id = {household}", copied):
        async with office.service.context.db.writing() as session:
            there = "(SELECT household_id FROM households LIMIT 1)"
            await session.execute(text(statement.format(household=there)))
            await session.rollback()
        async with office.service.context.db.writing() as session:
            with pytest.raises(IntegrityError, match="persons of household"):
                await session.execute(text(statement.format(household="gen_random_uuid()")))
            await session.rollback()


async def test_the_service_may_delete_nobody(office: Office) -> None:
    """Goal: rows of a person are never left behind, although no foreign key says so. Method: who
    was granted what on the tables that lost their keys."""
    kept = await office.service.rows(
        "SELECT relname, privilege_type FROM pg_class, aclexplode(relacl)"
        " WHERE relname IN ('persons', 'households', 'roster_imports') AND grantee = relowner"
    )
    granted = {(row["relname"], row["privilege_type"]) for row in kept}
    for table in ("persons", "households", "roster_imports"):
        assert {right for name, right in granted if name == table} >= {"INSERT", "UPDATE"}
        assert not {(table, "DELETE"), (table, "TRUNCATE")} & granted
