"""Electronic health cards over HTTP on a real database."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from openpyxl import load_workbook
from sqlalchemy import text

from services.identity.cards import service as cards
from shared.clock import FixedClock
from shared.ids import new_id
from shared.security.masking import mask_name
from tests.integration.identity.cards import compromised, decoded, kid_of, verified
from tests.integration.identity.desk import get_person, issue_card, merge, person_id, township
from tests.integration.identity.office import Office
from tests.support.browsing import assert_private, screen, words
from tests.support.people import NEIGHBOUR, PATIENT
from tests.support.service import Running


async def read(identity: Running, code: str) -> cards.CardHolder | None:
    async with identity.context.db.reading() as session:
        return await cards.read_card(identity.context, session, code)


class TestIssuing:
    async def test_the_code_is_verified_by_the_public_key_alone(self, office: Office) -> None:
        """Goal: a window without a network can check a card, and learns no identifier.

        Method: take the JWKS, verify the signature with another library, read the claims.
        """
        await office.register(PATIENT)
        whose = await person_id(office, PATIENT)
        card = await issue_card(office, whose)
        keys = (await office.http.get("/identity/v1/cards/keys")).json()["keys"]
        header, payload, signature = card["qr"].split(".")
        kid = json.loads(decoded(header))["kid"]
        (key,) = [each for each in keys if each["kid"] == kid]
        assert "d" not in key
        public = Ed25519PublicKey.from_public_bytes(decoded(key["x"]))
        public.verify(decoded(signature), f"{header}.{payload}".encode())
        with pytest.raises(InvalidSignature):
            public.verify(decoded(signature), f"{header}.{payload}x".encode())
        claims = json.loads(decoded(payload))
        assert UUID(bytes=decoded(claims["jti"])) == UUID(card["card_id"])
        assert (claims["iss"], claims["by"], claims["sex"]) == ("511113", 1962, "M")
        assert set(claims) == {"jti", "iss", "iat", "exp", "by", "sex"}
        shown = decoded(payload).decode() + decoded(header).decode()
        for secret in (PATIENT.number, PATIENT.name, PATIENT.phone, card["card_no"], whose):
            assert secret not in shown

    async def test_verifying_finds_the_holder_by_code_and_number(self, office: Office) -> None:
        """Goal: both ways lead to the person. Method: verify the code, the number, a spaced one."""
        await office.register(PATIENT)
        whose = await person_id(office, PATIENT)
        card = await issue_card(office, whose)
        number = str(card["card_no"])
        spaced = " ".join(number[i : i + 4] for i in range(0, 16, 4))
        for shown, signed in ((card["qr"], True), (number, False), (spaced, False)):
            found = await verified(office, shown)
            assert (found["valid"], found["person_id"], found["card_no"], found["signed"]) == (
                True,
                whose,
                number,
                signed,
            )
            assert (found["reason"], found["holder_agrees"]) == (None, True)

    async def test_the_register_is_stamped_and_told(self, office: Office) -> None:
        """Goal: indexes and readers learn of a card. Method: revision and events, no number."""
        await office.register(PATIENT, NEIGHBOUR)
        whose = await person_id(office, PATIENT)
        before = await office.service.rows("SELECT revision, roster_revision FROM registers")
        card = await issue_card(office, whose)
        (after,) = await office.service.rows("SELECT revision, roster_revision FROM registers")
        assert after["revision"] == before[0]["revision"] + 1
        assert after["roster_revision"] == before[0]["roster_revision"]
        stamped = await office.service.rows(
            "SELECT person_id FROM persons WHERE revision = :now", now=after["revision"]
        )
        assert [str(row["person_id"]) for row in stamped] == [whose]
        (event,) = await office.events("card.issued.v1")
        assert event["payload"]["card_id"] == card["card_id"]
        assert str(card["card_no"]) not in json.dumps(event)

    async def test_who_cannot_be_given_a_card(self, office: Office) -> None:
        """Goal: each refusal tells the cure. Method: unknown, other township, sixth card."""
        await office.register(PATIENT)
        whose = await person_id(office, PATIENT)
        unknown = await office.http.post(
            "/identity/v1/cards", json={"person_id": "019a0000-0000-7000-8000-000000000003"}
        )
        assert (unknown.status_code, unknown.json()["code"]) == (404, "person_unknown")
        async with township(office, "别镇") as elsewhere:
            theirs = await elsewhere.post("/identity/v1/cards", json={"person_id": whose})
        assert (theirs.status_code, theirs.json()["code"]) == (404, "person_unknown")
        for _ in range(5):
            await issue_card(office, whose)
        sixth = await office.http.post("/identity/v1/cards", json={"person_id": whose})
        assert (sixth.status_code, sixth.json()["code"]) == (409, "too_many_cards")
        listed = (await office.http.get(f"/identity/v1/persons/{whose}/cards")).json()["items"]
        assert len(listed) == 5
        assert all(item["masked_card_no"].startswith("************") for item in listed)

    async def test_two_at_once_share_one_key(self, office: Office) -> None:
        """Goal: one signing key however many processes start. Method: six cards at once."""
        await office.register(PATIENT, NEIGHBOUR)
        whose = [await person_id(office, each) for each in (PATIENT, NEIGHBOUR)]
        made = await asyncio.gather(*(issue_card(office, whose[n % 2]) for n in range(6)))
        assert len({card["card_no"] for card in made}) == 6
        assert await office.service.rows("SELECT count(*) AS n FROM card_keys") == [{"n": 1}]


class TestNotGood:
    @pytest.mark.parametrize(
        ("shown", "reason"),
        [
            ("", "card_malformed"),
            ("1234", "card_malformed"),
            ("5111130000000017", "card_malformed"),
            ("5111130000000018", "card_unknown"),
            ("a.b.c", "card_malformed"),
            ("eyJhbGciOiJub25lIn0.e30.", "card_malformed"),
            ("....", "card_malformed"),
        ],
    )
    async def test_what_is_no_card(self, identity: Running, shown: str, reason: str) -> None:
        """Goal: nothing read from a scanner breaks a window. Method: texts of all kinds."""
        async with identity.client() as http:
            answer = await http.post("/identity/v1/cards/verify", json={"qr": shown or " "})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["valid"], found["reason"], found["person_id"]) == (False, reason, None)
        assert found["message"]
        assert found["message_zh"]
        assert await read(identity, shown) is None

    async def test_a_changed_code(self, office: Office, identity: Running) -> None:
        """Goal: a forged birth year is refused. Method: another payload under the signature."""
        await office.register(PATIENT)
        card = await issue_card(office, await person_id(office, PATIENT))
        header, payload, signature = card["qr"].split(".")
        claims = json.loads(decoded(payload)) | {"by": 1999}
        forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        code = f"{header}.{forged}.{signature}"
        found = await verified(office, code)
        assert (found["valid"], found["reason"]) == (False, "card_signature_wrong")
        assert await read(identity, code) is None

    async def test_a_revoked_card(self, office: Office, identity: Running) -> None:
        """Goal: revoked is for ever and listed in order.

        Method: revoke one by number and one by id; verify, list, list what came since, revoke
        again.
        """
        await office.register(PATIENT)
        whose = await person_id(office, PATIENT)
        first, second, third = [await issue_card(office, whose) for _ in range(3)]
        gone = await office.http.post(
            "/identity/v1/cards/revoke", json={"card_no": first["card_no"], "reason": "遗失"}
        )
        assert (gone.status_code, gone.json()["position"]) == (200, 1)
        found = await verified(office, first["qr"])
        assert (found["valid"], found["reason"], found["person_id"]) == (
            False,
            "card_revoked",
            None,
        )
        holder = await read(identity, first["qr"])
        assert holder is not None
        assert (holder.valid, holder.certain, holder.fault) == (False, False, "card_revoked")
        await office.http.post(
            "/identity/v1/cards/revoke", json={"card_id": third["card_id"], "reason": "换卡"}
        )
        listed = (await office.http.get("/identity/v1/cards/revocations")).json()
        assert [(i["position"], i["card_id"]) for i in listed["items"]] == [
            (1, first["card_id"]),
            (2, third["card_id"]),
        ]
        assert listed["last_position"] == 2
        page = (await office.http.get("/identity/v1/cards/revocations?limit=1")).json()
        rest = (
            await office.http.get(
                "/identity/v1/cards/revocations",
                params={"limit": 1, "cursor": page["next_cursor"]},
            )
        ).json()
        since = (await office.http.get("/identity/v1/cards/revocations?after=1")).json()
        assert rest["items"] == since["items"] == listed["items"][1:]
        again = await office.http.post(
            "/identity/v1/cards/revoke", json={"card_id": first["card_id"], "reason": "遗失"}
        )
        assert (again.status_code, again.json()["code"]) == (409, "card_revoked_already")
        assert [e["payload"]["card_id"] for e in await office.events("card.revoked.v1")] == [
            first["card_id"],
            third["card_id"],
        ]
        still = await verified(office, second["qr"])
        assert still["valid"] is True

    async def test_an_expired_card(self, office: Office, clock: FixedClock) -> None:
        """Goal: good on its last day, not on the next. Method: move the clock."""
        await office.register(PATIENT)
        card = await issue_card(office, await person_id(office, PATIENT))
        days = (date.fromisoformat(card["expires_on"]) - date(2016, 7, 10)).days
        clock.advance(timedelta(days=days))
        async with office.service.client() as http:
            last = await http.post("/identity/v1/cards/verify", json={"qr": card["qr"]})
            clock.advance(timedelta(days=1))
        async with office.service.client() as http:
            late = await http.post("/identity/v1/cards/verify", json={"qr": card["qr"]})
        assert (last.json()["valid"], late.json()["valid"]) == (True, False)
        assert late.json()["reason"] == "card_expired"

    async def test_a_holder_whom_the_register_now_knows_otherwise(
        self, office: Office, identity: Running
    ) -> None:
        """Goal: a card alone is not certain when birth year or sex changed since.

        Method: a correction of the birth date on the register; the card reads valid, not certain.
        """
        await office.register(PATIENT)
        whose = await person_id(office, PATIENT)
        card = await issue_card(office, whose)
        agreeing = await read(identity, card["qr"])
        assert agreeing is not None
        assert agreeing.certain
        async with identity.context.db.writing() as session:
            await session.execute(text("UPDATE persons SET birth_date = DATE '1963-03-04'"))
        holder = await read(identity, card["qr"])
        assert holder is not None
        assert (holder.valid, holder.agrees, holder.certain) == (True, False, False)
        found = await verified(office, card["qr"])
        assert (found["valid"], found["holder_agrees"], found["reason"]) == (
            True,
            False,
            "holder_differs",
        )


class TestFinding:
    async def test_search_by_card_finds_the_kept_person(self, office: Office) -> None:
        """Goal: a card leads to the person meant, before and after a merge; no card, nobody."""
        await office.register(PATIENT, NEIGHBOUR)
        mine, other = [await person_id(office, each) for each in (PATIENT, NEIGHBOUR)]
        card = await issue_card(office, other)

        async def holder() -> list[str]:
            found = await office.http.post(
                "/identity/v1/persons/search", json={"card_no": card["card_no"]}
            )
            return [item["person_id"] for item in found.json()["items"]]

        assert await holder() == [other]
        assert (await merge(office, mine, other)).status_code == 200
        assert await holder() == [mine]
        found = await verified(office, card["qr"])
        assert found["person_id"] == mine
        listed = await office.http.get(f"/identity/v1/persons/{mine}/cards")
        assert [item["card_id"] for item in listed.json()["items"]] == [card["card_id"]]
        refused = await office.http.post("/identity/v1/cards", json={"person_id": other})
        assert (refused.status_code, refused.json()["kept_person_id"]) == (409, mine)
        assert (await get_person(office, other))["merged_into"] == mine
        nobody = await office.http.post(
            "/identity/v1/persons/search", json={"card_no": "5111130000000018"}
        )
        assert nobody.json()["items"] == []


async def test_lost_cards_are_issued_again_from_one_list(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: the office works down one list, masked, township by township. Method: three holders of
    a compromised key's cards in two townships; pages of one; a filter; the workbook; a new card
    from the list; a township's own view."""
    elsewhere = NEIGHBOUR.but(sequence=19, household="H0099", township="永和镇")
    await office.register(PATIENT, NEIGHBOUR, elsewhere)
    whose = [await person_id(office, each) for each in (PATIENT, NEIGHBOUR, elsewhere)]
    issued = [await issue_card(office, each) for each in whose]
    await compromised(identity, kid_of(issued[0]))
    async with screen(identity, tmp_path, "identity:cards", name="desk") as desk:
        page = await desk.get("/identity/cards")
        assert "3 人待补发，0 人已补发" in words(page)
        assert not any(each.name in page.text for each in (PATIENT, NEIGHBOUR))
        one = await desk.get("/identity/cards", township="永和镇")
        assert "1 人待补发" in words(one)
        assert '<option value="永和镇" selected>永和镇</option>' in one.text
        assert f"/identity/cards/{whose[2]}" in one.text
        assert f"/identity/cards/{whose[0]}" not in one.text
        taken = await desk.get("/identity/cards/reissues.xlsx", township=PATIENT.township)
        rows = list(load_workbook(io.BytesIO(taken.content)).active.values)
        assert {row[3] for row in rows[1:]} == set(whose[:2])
        assert not {PATIENT.name, NEIGHBOUR.name} & {cell for row in rows for cell in row}
        given = await desk.post(f"/identity/cards/{whose[0]}", {"township": ""})
        assert "新卡已发放" in words(given)
        assert mask_name(PATIENT.name) in words(given)
        assert "2 人待补发，1 人已补发" in words(given)
        assert_private(given, PATIENT.number, PATIENT.name)
        nobody = await desk.post(f"/identity/cards/{new_id()}", {"township": ""})
        assert nobody.status_code == 404
        back = await desk.get(f"/identity/cards/{whose[0]}")
        assert back.headers["location"] == "/identity/cards"
    async with township(office, "永和镇") as own:
        answer = await own.get("/identity/v1/cards/reissues", params={"township": "金河镇"})
        assert [each["person_id"] for each in answer.json()["items"]] == [whose[2]]
    logged = await identity.rows("SELECT detail FROM audit_log WHERE action LIKE '%exported'")
    assert [set(row["detail"]["persons"]) for row in logged] == [set(whose[:2])]
