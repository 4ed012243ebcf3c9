"""Rosters over HTTP on a real database: upload, apply, diff, rejection, atomicity."""

from __future__ import annotations

import asyncio
import io
from datetime import date

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from services.identity.module import MODULE
from shared.db.migrate import check
from tests.integration.identity.office import HEADER, Office, county, workbook
from tests.support.people import NEIGHBOUR, PATIENT, RosterPerson, roster_csv
from tests.support.service import Running

THIRD = RosterPerson("测试丙", date(1988, 2, 29), 33, household="H0003", phone="10000000003")
EMPTY_DIFF = {"added": 0, "changed": 0, "removed": 0}
BROWSER = "text/html,application/xhtml+xml"


async def test_the_models_are_what_the_migrations_make(identity: Running) -> None:
    """Goal: no drift. Method: Alembic compares the migrated database with the models."""
    await asyncio.to_thread(check, MODULE.migrations, identity.context.db.url)


class TestUpload:
    async def test_tells_what_it_would_change_and_changes_nothing(self, office: Office) -> None:
        """Goal: validation applies nothing. Method: upload, read answer, tables and events."""
        answer = await office.upload(roster_csv(PATIENT, NEIGHBOUR))
        body = answer.json()
        assert answer.status_code == 201
        assert body["status"] == "validated"
        assert (body["rows"], body["accepted"], body["rejected"]) == (2, 2, 0)
        assert body["diff"] == EMPTY_DIFF | {"added": 2, "unchanged": 0}
        assert body["errors"] == []
        assert await office.service.rows("SELECT * FROM persons") == []
        assert await office.service.published() == []
        again = await office.http.get(f"/identity/v1/roster-imports/{body['import_id']}")
        assert again.json() == body

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
    async def test_reads_the_encodings_that_offices_use(
        self, office: Office, encoding: str
    ) -> None:
        """Goal: GBK text is the same people. Method: re-encode one file, apply, reveal a name."""
        content = roster_csv(PATIENT).decode().encode(encoding)
        uploaded = (await office.upload(content)).json()
        assert uploaded["accepted"] == 1
        await office.apply(uploaded["import_id"])
        found = await office.recognise({"id_number": PATIENT.number})
        shown = await office.http.post(
            f"/identity/v1/persons/{found['person_id']}/reveal", json={"reason": "核对身份证件"}
        )
        assert shown.json()["name"] == PATIENT.name

    async def test_names_the_columns_that_are_missing(self, office: Office) -> None:
        """Goal: a clear 422. Method: a header without number and category."""
        answer = await office.upload("姓名,性别\n测试甲,男\n".encode())
        body = answer.json()
        assert answer.status_code == 422
        assert body["code"] == "roster_columns_missing"
        assert [error["field"] for error in body["errors"]] == ["id_number", "category"]

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", "roster_empty"),
            (HEADER.encode() + b"\n", "roster_empty"),
            (b"\xd0\xcf\x11\xe0 old workbook", "roster_unreadable"),
            (b"PK\x03\x04 broken zip", "roster_unreadable"),
            (b"\xff\xfe\xff", "roster_unreadable"),
        ],
    )
    async def test_refuses_files_that_are_no_roster(
        self, office: Office, content: bytes, code: str
    ) -> None:
        """Goal: nothing half-written. Method: hopeless files; a 422 and no import row."""
        answer = await office.upload(content)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert await office.service.rows("SELECT * FROM roster_imports") == []

    async def test_refuses_more_rows_than_allowed(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Goal: a limit on rows. Method: set it to one, upload two."""
        monkeypatch.setenv("IDENTITY_MAX_ROSTER_ROWS", "1")
        answer = await office.upload(roster_csv(PATIENT, NEIGHBOUR))
        assert (answer.status_code, answer.json()["code"]) == (413, "roster_too_long")
        (fault,) = answer.json()["errors"]
        for told in (answer.json()["detail"], fault["message"], fault["message_zh"]):
            assert " 1 " in told
            assert "IDENTITY_MAX_ROSTER_ROWS" in told

    @pytest.mark.parametrize("address", ["/identity/v1/roster-imports", "/identity/rosters"])
    async def test_a_county_s_file_is_let_in_and_a_larger_one_told_how(
        self, office: Office, address: str
    ) -> None:
        """Goal: a file above the common limit on uploads is read, one above a roster's names the
        setting and warns of parts sent as full. Method: announced lengths; the body, and on the
        page the sign-in, are left out."""
        for mebibytes, expected in ((21, {401, 422}), (64, {401, 422}), (65, {413})):
            answer = await office.http.post(
                address,
                content=b"--b",
                headers={
                    "content-type": "multipart/form-data; boundary=b",
                    "content-length": str(mebibytes * 1024 * 1024),
                    "accept": "application/json",
                },
            )
            assert answer.status_code in expected
        (fault,) = answer.json()["errors"]
        assert "IDENTITY_MAX_ROSTER_BYTES" in fault["message"]
        assert "67108864" in fault["message"]
        assert "mode=delta" in fault["message"]
        assert "增量" in fault["message_zh"]
        browser = office.http.build_request("POST", address, content=b"--b")
        browser.headers = httpx.Headers({**answer.request.headers, "accept": BROWSER})
        del browser.headers["authorization"]
        assert fault["message_zh"] in (await office.http.send(browser)).text

    async def test_every_bad_row_gets_its_reason_and_the_good_ones_go_on(
        self, office: Office
    ) -> None:
        """Goal: a verdict per row without repeating a value. Method: one file, each kind of slip."""
        bad_check = PATIENT.number[:-1] + ("0" if PATIENT.number[-1] != "0" else "1")
        lines = [
            HEADER,
            PATIENT.row(),
            f"H9,测试丁,{bad_check},男,,户主,建档立卡,金河镇,测试村,,,",
            "H9,测试戊,5.11E+17,男,,户主,建档立卡,金河镇,测试村,,,",
            "H9,测试己,,男,2016-02-30,户主,建档立卡,金河镇,测试村,,,",
            PATIENT.row(),
            f"H9,测试庚,{NEIGHBOUR.number},男,,户主,富裕户,金河镇,测试村,,,",
        ]
        answer = await office.upload("\n".join(lines).encode("gbk"))
        body = answer.json()
        assert (body["rows"], body["accepted"], body["rejected"]) == (6, 1, 5)
        assert {(e["row"], e["column"], e["code"]) for e in body["errors"]} == {
            (3, "id_number", "check_digit"),
            (4, "id_number", "excel_number"),
            (5, "birth_date", "date_impossible"),
            (6, "id_number", "duplicate"),
            (7, "sex", "sex_contradicts_id_number"),
            (7, "category", "category_unknown"),
        }
        assert all(e["message"] and e["message_zh"] for e in body["errors"])
        for value in (bad_check, "测试丁", PATIENT.number, "富裕户"):
            assert value not in answer.text

        book = await office.http.get(f"/identity/v1/roster-imports/{body['import_id']}/errors.xlsx")
        sheet = load_workbook(io.BytesIO(book.content)).active
        assert sheet.max_row == 1 + len(body["errors"])
        assert sheet["C2"].value == "check_digit"

    async def test_reads_a_workbook_with_a_title_dates_and_numbers(self, office: Office) -> None:
        """Goal: XLSX as offices make it. Method: title row, date cells, a number kept as figure."""
        born = PATIENT.birth
        content = workbook(
            [
                ["测试县贫困人口花名册"],
                ["户编号", "姓名", "身份证号", "出生日期", "人员类别", "备注"],
                [1, PATIENT.name, PATIENT.number.lower(), born, "建档立卡；低保", "乙"],
                [2, "测试丁", 519901198001010100, date(1980, 1, 1), "低保", ""],
            ]
        )
        body = (await office.upload(content, name="roster.xlsx")).json()
        assert (body["accepted"], body["rejected"]) == (1, 1)
        assert [(e["row"], e["code"]) for e in body["errors"]] == [(4, "excel_number")]
        await office.apply(body["import_id"])
        found = await office.recognise({"id_number": PATIENT.number})
        assert [c["code"] for c in found["categories"]] == ["registered_poor", "subsistence"]

    async def test_only_the_county_may_upload(self, office: Office) -> None:
        """Goal: a township's partial list cannot empty the register. Method: its client tries."""
        async with office.service.client("township:金河镇") as http:
            answer = await Office(http, office.service).upload(roster_csv(PATIENT))
        assert (answer.status_code, answer.json()["code"]) == (403, "roster_needs_the_county")


class TestApply:
    async def test_enters_people_encrypted_and_tells_of_them(self, office: Office) -> None:
        """Goal: the register, the events, no identifier in clear. Method: apply, dump all rows."""
        rows = f"{HEADER},致贫原因\n{PATIENT.row()},因病致贫\n{NEIGHBOUR.row()},\n"
        uploaded = await office.upload(rows.encode())
        applied = await office.apply(uploaded.json()["import_id"])
        assert applied.json()["status"] == "applied"
        entered = await office.events("person.entered.v1")
        assert [e["aggregate_version"] for e in entered] == [1, 1]
        assert [e["payload"]["poverty_cause"] for e in entered] == ["illness", None]
        assert entered[0]["payload"]["village"] == "测试村"
        assert entered[0]["payload"]["birth_year"] == PATIENT.birth.year
        assert entered[0]["payload"]["sex"] == "M"
        assert entered[0]["payload"]["categories"] == [
            {"code": "registered_poor", "valid_from": "2015-01-01", "valid_to": None}
        ]
        (told,) = await office.events("roster.applied.v1")
        assert told["payload"] | {"import_id": ""} == {
            "import_id": "",
            "roster_source": "poverty_office",
            "effective_on": "2016-01-01",
            "added": 2,
            "changed": 0,
            "removed": 0,
        }
        tables = await office.service.rows(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        for table in tables:
            rows = await office.service.rows(f'SELECT t::text AS line FROM "{table["relname"]}" t')
            for row in rows:
                for value in (PATIENT.name, PATIENT.number, PATIENT.phone):
                    assert value not in row["line"]
                    assert value.encode().hex() not in row["line"]

    async def test_the_same_import_again_answers_its_applied_state(self, office: Office) -> None:
        """Goal: applied once. Method: apply twice; same answer, events once."""
        first = await office.register(PATIENT)
        second = await office.apply(first["import_id"])
        assert (second.status_code, second.json()) == (200, first)
        assert len(await office.events("roster.applied.v1")) == 1

    async def test_the_same_roster_again_changes_nothing(self, office: Office) -> None:
        """Goal: idempotent content. Method: upload the applied file a second time and apply it."""
        await office.register(PATIENT, NEIGHBOUR)
        again = await office.register(PATIENT, NEIGHBOUR)
        assert again["diff"] == EMPTY_DIFF | {"unchanged": 2}
        assert len(await office.events("person.entered.v1")) == 2
        assert await office.events("person.changed.v1") == []
        assert len(await office.service.rows("SELECT * FROM memberships")) == 2

    async def test_a_full_roster_changes_adds_and_removes(self, office: Office) -> None:
        """Goal: the diff and its events. Method: one stays, one moves village, one leaves, one comes."""
        fourth = RosterPerson("测试丁", date(1955, 5, 5), 44, household="H4", phone="10000000004")
        await office.register(PATIENT, NEIGHBOUR, THIRD)
        applied = await office.register(
            PATIENT, NEIGHBOUR.but(village="新村"), fourth, effective_on="2016-06-01"
        )
        assert applied["diff"] == {"added": 1, "changed": 1, "removed": 1, "unchanged": 1}
        (changed,) = await office.events("person.changed.v1")
        assert (changed["payload"]["village"], changed["aggregate_version"]) == ("新村", 2)
        (left,) = await office.events("person.left.v1")
        assert left["payload"]["categories"][0]["valid_to"] == "2016-05-31"

    async def test_a_delta_removes_nobody(self, office: Office) -> None:
        """Goal: absence means nothing in a delta. Method: a delta with one of two persons."""
        await office.register(PATIENT, NEIGHBOUR)
        applied = await office.register(
            PATIENT.but(category="建档立卡;低保"), mode="delta", effective_on="2016-02-01"
        )
        assert applied["diff"] == {"added": 0, "changed": 1, "removed": 0, "unchanged": 0}
        found = await office.recognise({"id_number": NEIGHBOUR.number})
        assert found["grade"] == "certain"

    async def test_nobody_leaves_because_his_row_was_rejected(self, office: Office) -> None:
        """Goal: a typing error costs no benefits. Method: a full file with a mistyped number, one
        with a lost number, one person truly absent."""
        absent = RosterPerson("测试丁", date(1955, 5, 5), 44, household="H4", phone="10000000004")
        await office.register(PATIENT, NEIGHBOUR, THIRD, absent)
        mistyped = PATIENT.number[:-1] + ("0" if PATIENT.number[-1] != "0" else "1")
        lines = [
            HEADER,
            THIRD.row(),
            f"H7,测试假,{mistyped},男,,户主,建档立卡,,,,,",
            f"H8,{NEIGHBOUR.name},5.11E+17,,,户主,建档立卡,,,,,",
        ]
        uploaded = (
            await office.upload("\n".join(lines).encode(), effective_on="2016-06-01")
        ).json()
        assert uploaded["diff"] == {"added": 0, "changed": 0, "removed": 1, "unchanged": 1}
        assert uploaded["kept_because_rejected"] == 2
        await office.apply(uploaded["import_id"])
        for person, kept in ((PATIENT, True), (NEIGHBOUR, True), (THIRD, True), (absent, False)):
            found = await office.recognise({"id_number": person.number}, on="2016-06-15")
            assert bool(found["categories"]) is kept

    async def test_a_roster_of_rejected_rows_removes_nobody(self, office: Office) -> None:
        """Goal: no emptied register. Method: a full file in which every row is wrong."""
        await office.register(PATIENT)
        uploaded = (await office.upload(f"{HEADER}\nH1,测试丁,1,男,,,,,,,,".encode())).json()
        answer = await office.apply(uploaded["import_id"])
        assert (answer.status_code, answer.json()["code"]) == (409, "no_row_accepted")

    async def test_two_at_once_one_applies(self, office: Office) -> None:
        """Goal: an import compared with an older register is refused. Method: two applied at the
        same moment, and the refused one uploaded again."""
        one = (await office.upload(roster_csv(PATIENT))).json()["import_id"]
        other = (await office.upload(roster_csv(PATIENT, NEIGHBOUR))).json()["import_id"]
        answers: list[httpx.Response] = await asyncio.gather(office.apply(one), office.apply(other))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        refused = next(answer for answer in answers if answer.status_code == 409)
        assert refused.json()["code"] == "roster_changed_since_validation"
        assert len(await office.events("roster.applied.v1")) == 1
        await office.register(PATIENT, NEIGHBOUR)
        assert len(await office.service.rows("SELECT * FROM persons")) == 2

    async def test_the_same_import_twice_at_once_applies_once(self, office: Office) -> None:
        """Goal: a doubled click. Method: one import applied by five requests at the same moment."""
        import_id = (await office.upload(roster_csv(PATIENT, NEIGHBOUR))).json()["import_id"]
        answers = await asyncio.gather(*(office.apply(import_id) for _ in range(5)))
        assert [answer.status_code for answer in answers] == [200] * 5
        assert len({answer.text for answer in answers}) == 1
        assert len(await office.events("person.entered.v1")) == 2

    async def test_a_failure_in_the_middle_applies_nothing(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Goal: all or nothing. Method: the database refuses the second chunk's memberships."""
        monkeypatch.setenv("IDENTITY_CHUNK_ROWS", "1")
        bad = "EXECUTE FUNCTION refuse()"
        async with office.service.context.db.writing() as session:
            await session.execute(
                text(
                    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                    "IF (SELECT count(*) FROM memberships) > 0 THEN "
                    "RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$"
                )
            )
            await session.execute(
                text(f"CREATE TRIGGER refuse BEFORE INSERT ON memberships FOR EACH ROW {bad}")
            )
        import_id = (await office.upload(roster_csv(PATIENT, NEIGHBOUR))).json()["import_id"]
        answer = await office.apply(import_id)
        assert answer.status_code >= 500
        for table in ("persons", "memberships", "households", "outbox", "source_records"):
            assert await office.service.rows(f"SELECT 1 AS one FROM {table}") == []
        async with office.service.context.db.writing() as session:
            await session.execute(text("DROP TRIGGER refuse ON memberships"))
        assert (await office.apply(import_id)).json()["status"] == "applied"

    async def test_other_sources_add_memberships_and_do_not_take_values_over(
        self, office: Office
    ) -> None:
        """Goal: one person across sources. Method: civil affairs lists him too, and drops him."""
        await office.register(PATIENT)
        named = PATIENT.but(category="低保", village="别村", valid_from="2016-02-01")
        applied = await office.register(named, source="civil_affairs", effective_on="2016-02-01")
        assert applied["diff"]["added"] == 1
        assert len(await office.service.rows("SELECT * FROM persons")) == 1
        found = await office.recognise({"id_number": PATIENT.number})
        assert [c["code"] for c in found["categories"]] == ["registered_poor", "subsistence"]
        (changed,) = await office.events("person.changed.v1")
        assert changed["payload"]["village"] == PATIENT.village
        await office.register(NEIGHBOUR, source="civil_affairs", effective_on="2016-03-01")
        assert await office.events("person.left.v1") == []
        found = await office.recognise({"id_number": PATIENT.number}, on="2016-03-02")
        assert [c["code"] for c in found["categories"]] == ["registered_poor"]

    async def test_a_number_under_another_name_is_another_person(self, office: Office) -> None:
        """Goal: no false merge across sources. Method: two sources, one number, two names."""
        await office.register(PATIENT)
        await office.register(PATIENT.but(name="王某"), source="civil_affairs")
        assert len(await office.service.rows("SELECT * FROM persons")) == 2
        alone = await office.recognise({"id_number": PATIENT.number})
        assert (alone["grade"], alone["person_id"]) == ("possible", None)
        named = await office.recognise({"id_number": PATIENT.number, "name": PATIENT.name})
        assert named["grade"] == "probable"

    async def test_a_newborn_gets_his_number_later(self, office: Office) -> None:
        """Goal: the same person. Method: first by name, birth date and village, then a number."""
        child = RosterPerson("测试小", date(2016, 1, 20), 55, household="H0001")
        without = child.row().replace(child.number, "")
        uploaded = (await office.upload(f"{HEADER}\n{without}".encode())).json()
        await office.apply(uploaded["import_id"])
        applied = await office.register(child, effective_on="2016-03-01")
        assert applied["diff"] == {"added": 0, "changed": 1, "removed": 0, "unchanged": 0}
        assert (await office.recognise({"id_number": child.number}))["grade"] == "certain"
        back = (
            await office.upload(f"{HEADER}\n{without}".encode(), effective_on="2016-04-01")
        ).json()
        await office.apply(back["import_id"])
        assert (await office.recognise({"id_number": child.number}))["grade"] == "certain"

    async def test_a_county_is_applied_in_chunks(self, office: Office) -> None:
        """Goal: many rows in several chunks. Method: 2,500 rows; counts, households, one person."""
        people = county(2_500)
        applied = await office.register(*people)
        assert applied["diff"]["added"] == 2_500, applied["errors"][:3]
        (row,) = await office.service.rows("SELECT count(*) AS n FROM households")
        assert row["n"] == 834
        found = await office.recognise({"id_number": people[2_400].number})
        assert found["grade"] == "certain"
