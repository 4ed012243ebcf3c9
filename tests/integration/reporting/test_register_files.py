"""Evidence files in a running service: kept encrypted and once, needed to close, given back as sent."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.security.crypto import Vault, add_key
from shared.security.resealing import reseal
from shared.security.scopes import SCOPES
from tests.integration.reporting.county import JINHE, YONGHE
from tests.integration.reporting.test_month_closes import call, good
from tests.integration.reporting.test_register import PATH, WANTED
from tests.support.service import COUNTY, Running

CONTENT = b"%PDF-1.7 " + "王建国的聘用合同".encode() * 9
NAME = "王建国 聘用合同.pdf"


async def send(
    reporting: Running,
    path: str,
    content: bytes = CONTENT,
    name: str = NAME,
    *,
    organisation: str = COUNTY,
    description: str = "聘用合同",
) -> Any:
    token = reporting.signer.sign(client_id="a", organisation=organisation, scopes=tuple(SCOPES))
    async with reporting.client() as client:
        return await client.post(
            f"{path}/evidence-files",
            data={"description": description},
            files={"file": (name, content, "application/octet-stream")},
            headers={"authorization": f"Bearer {token}"},
        )


async def test_a_file_shows_that_the_work_is_done(reporting: Running) -> None:
    """Goal: an item that asks for a file does not close on words; the file is given back byte for
    byte as a download, to whom the item is for, and logged; in the database nothing of it can be
    read and nobody changes it.

    Method: open, words, submit (refused), two clerks send the same file at once, submit, close by
    another; list, take it here and from another township; what is refused; the rows themselves."""
    item = await good(reporting, "POST", PATH, WANTED | {"file_required": True}, who="a")
    path = f"{PATH}/{item['item_id']}"
    await good(reporting, "POST", f"{path}/evidence", {"description": "已签合同"}, who="a")
    words = await call(reporting, "POST", f"{path}/submit", {}, who="a")
    assert (words.status_code, words.json()["errors"][0]["code"]) == (422, "evidence_file_required")

    answers = await asyncio.gather(*(send(reporting, path) for _ in range(2)))
    assert sorted(each.status_code for each in answers) == [201, 409], answers[0].text
    mark = next(each for each in answers if each.is_success).json()["evidence"][-1]["file"]
    assert mark["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    (told,) = (await good(reporting, "GET", f"{path}/evidence-files"))["items"]
    assert (told["name"], told["size_bytes"], told["added_by"]) == (NAME, len(CONTENT), "a")

    taken = await call(reporting, "GET", f"{path}/evidence-files/{mark['file_id']}", who="b")
    assert taken.content == CONTENT
    head = taken.headers["content-disposition"]
    assert head.startswith(f'attachment; filename="evidence-{item["number"]}-')
    assert head.isascii()
    assert taken.headers["content-type"] == "application/pdf"
    assert taken.headers["x-content-type-options"] == "nosniff"
    for place, status in ((JINHE, 200), (YONGHE, 404)):
        other = await call(
            reporting, "GET", f"{path}/evidence-files/{mark['file_id']}",
            organisation=f"township:{place}",
        )  # fmt: skip
        assert other.status_code == status, place
    unknown = await call(reporting, "GET", f"{path}/evidence-files/{item['item_id']}")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "register_file_not_found")
    log = await reporting.rows("SELECT actor FROM audit_log WHERE action = 'register_file.taken'")
    assert [row["actor"] for row in log][:1] == ["b"]

    await what_is_refused(reporting, path)
    await what_lies_in_the_database(reporting)

    await good(reporting, "POST", f"{path}/submit", {}, who="a")
    assert (await call(reporting, "POST", f"{path}/close", {}, who="a")).status_code == 409
    closed = await good(reporting, "POST", f"{path}/close", {}, who="c")
    assert closed["status"] == "closed"
    late = await send(reporting, path, PNG, "a.png")
    assert (late.status_code, late.json()["code"]) == (409, "register_step_not_allowed")


PNG = b"\x89PNG\r\n\x1a\n\x00"


async def what_is_refused(reporting: Running, path: str) -> None:
    """Other kinds, too large, empty, an ID number in the words, no right; nothing of it is kept."""
    for content, name, status, code in (
        (b"MZ\x90", "a.pdf", 422, "kind_refused"),
        (PNG, "a.pdf", 422, "kind_refused"),
        (b"", "a.pdf", 422, "empty"),
        (b"%PDF-" + bytes(5 * 1024 * 1024), "a.pdf", 413, None),
    ):
        refused = await send(reporting, path, content, name)
        assert refused.status_code == status, refused.text
        if code is not None:
            (fault,) = refused.json()["errors"]
            assert (fault["field"], fault["code"]) == ("file", code)
    named = await send(reporting, path, PNG, "a.png", description="联系13800138000")
    assert named.status_code == 422
    elsewhere = await send(reporting, path, PNG, "a.png", organisation=f"township:{YONGHE}")
    assert elsewhere.status_code == 404
    assert await reporting.rows("SELECT count(*) AS n FROM register_files") == [{"n": 1}]


async def what_lies_in_the_database(reporting: Running) -> None:
    """Neither name nor content in clear, in no table; encrypted under a new key, and not even the
    service's role changes more of it."""
    (row,) = await reporting.rows("SELECT name_enc, content_enc FROM register_files")
    for stored in row.values():
        assert "王建国".encode() not in bytes(stored)
    for table in ("register_steps", "audit_log"):
        rows = await reporting.rows(f"SELECT t::text AS told FROM {table} t")
        assert rows
        assert not any("王建国" in each["told"] for each in rows)
    keys = reporting.context.vault._path
    assert keys is not None
    key_id = add_key(keys)
    metadata, vault = reporting.context.module.metadata, Vault.from_file(keys)
    await reseal(reporting.context.db, metadata, vault, moved=lambda _: None)
    (anew,) = await reporting.rows("SELECT name_enc, content_enc FROM register_files")
    assert {bytes(each)[1:5].hex() for each in anew.values()} == {key_id}
    for statement in ("UPDATE register_files SET added_by = 'x'", "DELETE FROM register_files"):
        with pytest.raises(DBAPIError, match=r"written once|permission denied"):
            async with reporting.context.db.writing() as session:
                await session.execute(text(statement))
