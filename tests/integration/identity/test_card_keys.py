"""The keys that sign health cards: changed, and compromised."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services.identity.cards.compromise import CardKeyUnknown
from shared.security.signing import opened, sign
from tests.integration.identity.cards import compromised, decoded, kid_of, rotated, verified
from tests.integration.identity.desk import issue_card, person_id, signed_in, township
from tests.integration.identity.office import Office
from tests.support.browsing import screen, words
from tests.support.people import NEIGHBOUR, PATIENT
from tests.support.service import COUNTY, Running


def offline(identity: Running) -> Callable[..., Any]:
    """The function that the guide for vendors prints, on the test's clock."""
    guide = (Path(__file__).parents[3] / "docs" / "his-vendor.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    (code,) = (block for block in blocks if "def good(" in block)
    names: dict[str, Any] = {}
    exec(code, names)
    now = identity.context.clock.now().timestamp()
    names["time"] = SimpleNamespace(time=lambda: now)
    found: Callable[..., Any] = names["good"]
    return found


class TestKeys:
    async def test_a_new_key_signs_and_old_cards_stay_good(
        self, office: Office, identity: Running
    ) -> None:
        """Goal: no card is issued again because a key was changed.

        Method: a card; rotated; another card; both verified here and by the code that the guide
        for vendors prints, with the public lists alone; the old one revoked.
        """
        await office.register(PATIENT, NEIGHBOUR)
        whose = [await person_id(office, each) for each in (PATIENT, NEIGHBOUR)]
        old = await issue_card(office, whose[0])
        done = await rotated(identity)
        new = await issue_card(office, whose[1])
        assert done.before == kid_of(old)
        assert (kid_of(new), done.good_cards) == (done.kid, 1)
        assert done.kid != done.before
        keys = (await office.http.get("/identity/v1/cards/keys")).json()["keys"]
        assert [key["kid"] for key in keys] == [done.before, done.kid]
        good = offline(identity)
        for card, who in zip((old, new), whose, strict=True):
            found = await verified(office, card["qr"])
            assert (found["valid"], found["person_id"]) == (True, who)
            assert good(card["qr"], keys, set())["sex"] in ("M", "F")
        body = {"card_id": old["card_id"], "reason": "遗失"}
        await office.http.post("/identity/v1/cards/revoke", json=body)
        listed = (await office.http.get("/identity/v1/cards/revocations")).json()["items"]
        revoked = {item["card_id"] for item in listed}
        assert good(old["qr"], keys, revoked) is None
        assert good(new["qr"], keys, revoked)
        assert (await verified(office, old["qr"]))["reason"] == "card_revoked"
        (row,) = await office.service.rows(
            "SELECT actor, subject FROM audit_log WHERE action = 'card_key.rotated'"
        )
        assert (row["actor"], row["subject"]) == ("cli:operator", done.kid)

    async def test_a_compromised_key_makes_its_cards_worthless(
        self, office: Office, identity: Running
    ) -> None:
        """Goal: whoever stole the key gains nothing, and nobody entitled is forgotten.

        Method: two cards of two keys; the first compromised, twice, by two at once; both shown here
        and to the guide's code; a code that the thief signs for the good card; the lists; a new card.
        """
        await office.register(PATIENT, NEIGHBOUR)
        whose = [await person_id(office, each) for each in (PATIENT, NEIGHBOUR)]
        old = await issue_card(office, whose[0])
        stolen = kid_of(old)
        await rotated(identity)
        new = await issue_card(office, whose[1])
        done = await asyncio.gather(*(compromised(identity, stolen) for _ in range(2)))
        done.append(await compromised(identity, stolen))
        assert sorted(each.revoked for each in done) == [0, 0, 1]
        assert {each.signing for each in done} == {kid_of(new)}

        keys = (await office.http.get("/identity/v1/cards/keys")).json()["keys"]
        assert [key["kid"] for key in keys] == [kid_of(new)]
        good = offline(identity)
        assert good(old["qr"], keys, set()) is None
        assert good(new["qr"], keys, set())
        for shown in (old["qr"], old["card_no"]):
            assert (await verified(office, shown))["reason"] == "card_revoked"
        assert (await verified(office, new["qr"]))["valid"]
        (row,) = await office.service.rows(
            "SELECT private_enc FROM card_keys WHERE kid = :kid", kid=stolen
        )
        thief = opened(row["private_enc"], identity.context.vault, column="card_keys.private")
        forged = sign(decoded(new["qr"].split(".")[1]), thief, kind="card+jwt")
        found = await verified(office, forged)
        assert (found["valid"], found["reason"]) == (False, "card_signature_wrong")
        assert (found["person_id"], found["card_no"]) == (None, None)

        listed = (await office.http.get("/identity/v1/cards/revocations")).json()
        assert [(each["position"], each["card_id"]) for each in listed["items"]] == [
            (1, old["card_id"])
        ]
        assert len(await office.events("card.revoked.v1")) == 1
        waiting = (await office.http.get("/identity/v1/cards/reissues")).json()["items"]
        assert [(each["card_id"], each["person_id"]) for each in waiting] == [
            (old["card_id"], whose[0])
        ]
        assert PATIENT.name not in str(waiting)
        async with township(office, "别处镇") as elsewhere:
            assert (await elsewhere.get("/identity/v1/cards/reissues")).json()["items"] == []
        again = await issue_card(office, whose[0])
        assert (await verified(office, again["qr"]))["valid"]
        assert (await office.http.get("/identity/v1/cards/reissues")).json()["items"] == []

    async def test_the_key_in_use_may_be_the_compromised_one(
        self, office: Office, identity: Running
    ) -> None:
        """Goal: nothing is signed with it any more. Method: compromised while it signs; no such key."""
        await office.register(PATIENT)
        whose = await person_id(office, PATIENT)
        old = await issue_card(office, whose)
        done = await compromised(identity, kid_of(old))
        new = await issue_card(office, whose)
        assert kid_of(new) == done.signing != kid_of(old)
        assert (await verified(office, new["qr"]))["valid"]
        with pytest.raises(CardKeyUnknown):
            await compromised(identity, "card-00000000")

    async def test_rotating_while_cards_are_issued(self, office: Office, identity: Running) -> None:
        """Goal: one key signs at a time, no card is lost. Method: three rotations beside issuing."""
        await office.register(PATIENT, NEIGHBOUR)
        whose = [await person_id(office, each) for each in (PATIENT, NEIGHBOUR)]
        cards = [issue_card(office, whose[n % 2]) for n in range(4)]
        done = await asyncio.gather(*cards, *(rotated(identity) for _ in range(3)))
        for card in done[:4]:
            assert (await verified(office, card["qr"]))["valid"]
        (row,) = await office.service.rows(
            "SELECT count(*) AS n FROM card_keys WHERE retired_at IS NULL"
        )
        assert row["n"] == 1


class TestTwoPersons:
    async def test_a_key_is_reported_by_one_and_made_worthless_by_another(
        self, office: Office, identity: Running
    ) -> None:
        """Goal: no single person of an office makes a county's cards worthless, two do, once.

        Method: reported without words, then with them, twice; confirmed by him who did, by a program,
        then by two others at once; a card of the key, the lists, the audit log, the dump's words.
        """
        await office.register(PATIENT)
        card = await issue_card(office, await person_id(office, PATIENT))
        path = f"/identity/v1/card-keys/{kid_of(card)}"
        one, two, three = (signed_in(office, name) for name in ("one", "two", "three"))

        async def post(what: str, who: dict[str, str] | None, **body: str) -> tuple[int, Any]:
            answer = await office.http.post(f"{path}/{what}", headers=who, json=body or None)
            return answer.status_code, answer.json()

        status, told = await post("report", one, reason="  丢 ")
        assert (status, told["errors"][0]["field"]) == (422, "reason")
        assert (await post("compromise", two))[1]["code"] == "card_key_not_reported"
        assert (await post("withdraw", two))[1]["code"] == "card_key_not_reported"
        status, told = await post("report", one, reason="备份硬盘遗失，问张建国")
        assert (status, told["reported_by"], told["good_cards"]) == (200, "user:one", 1)
        status, told = await post("report", two, reason="备份硬盘遗失")
        assert (status, told["code"]) == (409, "card_key_reported_already")
        assert told["reported_by"] == "user:one"
        assert (await verified(office, card["qr"]))["valid"]
        for who in (one, None):
            status, told = await post("compromise", who)
            assert (status, told["code"]) == (409, "needs_second_person")
        done = await asyncio.gather(post("compromise", two), post("compromise", three))
        ((status, told),) = (each for each in done if each[0] == 200)
        assert (told["kid"], told["cards_revoked"]) == (kid_of(card), 1)
        ((status, told_late),) = (each for each in done if each[0] != 200)
        assert (status, told_late["code"]) == (409, "card_key_compromised_already")
        assert (await post("report", one, reason="又丢了一次"))[1]["code"] == told_late["code"]
        assert (await post("withdraw", one))[1]["code"] == told_late["code"]
        assert (await verified(office, card["qr"]))["reason"] == "card_revoked"
        waiting = (await office.http.get("/identity/v1/cards/reissues")).json()
        assert waiting["waiting"] == 1
        keys = (await office.http.get("/identity/v1/card-keys")).json()["items"]
        assert [(each["kid"], each["signing"], each["good_cards"]) for each in keys] == [
            (told["signing_kid"], True, 0),
            (told["kid"], False, 0),
        ]
        assert keys[1]["report_reason"] == "备份硬盘遗失，问张建国"
        logged = await identity.rows(
            "SELECT action, actor, detail FROM audit_log WHERE action LIKE 'card_key.%' ORDER BY id"
        )
        assert [row["action"] for row in logged] == ["card_key.reported", "card_key.compromised"]
        assert logged[1]["detail"]["reported_by"] == logged[0]["actor"] == "user:one"
        (kept,) = await identity.rows(
            "SELECT card_keys::text AS row FROM card_keys WHERE reported_at IS NOT NULL"
        )
        assert "张建国" not in kept["row"] + str(logged)

    async def test_a_false_alarm_is_taken_back_and_others_may_not_look(
        self, office: Office
    ) -> None:
        """Goal: a report does no harm; a township has no say in it. Method: reported by a program,
        withdrawn by a person, reported again and confirmed by another program; no such key; a township."""
        await office.register(PATIENT)
        card = await issue_card(office, await person_id(office, PATIENT))
        path = f"/identity/v1/card-keys/{kid_of(card)}"
        why = {"reason": "备份硬盘遗失"}
        assert (await office.http.post(f"{path}/report", json=why)).status_code == 200
        back = await office.http.post(f"{path}/withdraw", headers=signed_in(office, "one"))
        assert (back.status_code, back.json()["reported_by"]) == (200, None)
        assert (await verified(office, card["qr"]))["valid"]
        assert (await office.http.post(f"{path}/report", json=why)).status_code == 200
        other = office.service.signer.sign(
            client_id="other-office", organisation=COUNTY, scopes=("identity:cards",)
        )
        headers = {"authorization": f"Bearer {other}"}
        assert (await office.http.post(f"{path}/compromise", headers=headers)).status_code == 200
        unknown = await office.http.post("/identity/v1/card-keys/card-0/report", json=why)
        assert (unknown.status_code, unknown.json()["code"]) == (404, "card_key_unknown")
        async with township(office, "金河镇") as own:
            for refused in (
                await own.get("/identity/v1/card-keys"),
                await own.post(f"{path}/report", json=why),
                await own.post(f"{path}/withdraw"),
                await own.post(f"{path}/compromise"),
            ):
                assert refused.json()["code"] == "card_keys_need_the_county"

    async def test_on_the_screen(self, office: Office, identity: Running, tmp_path: Path) -> None:
        """Goal: the same by two people at their desks. Method: the report with its words kept when it
        is refused; what each of the two is offered; the list of cards that follows; a township."""
        await office.register(PATIENT)
        card = await issue_card(office, await person_id(office, PATIENT))
        path = f"/identity/card-keys/{kid_of(card)}"
        async with (
            screen(identity, tmp_path, "identity:cards", name="one") as one,
            screen(identity, tmp_path, "identity:cards", name="two") as two,
            screen(
                identity, tmp_path, "identity:cards", name="town", organisation="township:金河镇"
            ) as town,
        ):
            short = await one.post(path, {"do": "report", "reason": "丢"})
            assert short.status_code == 422
            assert f'id="reason-{kid_of(card)}-fault"' in short.text
            assert 'value="丢"' in short.text
            sent = await one.follow(
                await one.post(path, {"do": "report", "reason": "备份硬盘遗失"})
            )
            assert "已上报。请另一人到本页核实。" in words(sent)
            assert "由您上报，须由另一人核实。" in words(sent)
            assert 'value="confirm"' not in sent.text
            own = await one.post(path, {"do": "confirm"})
            assert own.status_code == 409
            assert "须由上报人以外的另一人核实" in words(own)
            assert "1 个发卡密钥已上报泄露" in words(await two.get("/identity/cards"))
            seen = await two.get("/identity/card-keys")
            assert "上报原因：备份硬盘遗失" in words(seen)
            assert "注销 1 张卡" in words(seen)
            after = await two.follow(await two.post(path, {"do": "confirm"}))
            assert after.url.path == "/identity/cards"
            assert "密钥已作废" in words(after)
            assert "1 人待补发，0 人已补发" in words(after)
            assert "已作废" in words(await two.get("/identity/card-keys"))
            assert (await town.get("/identity/card-keys")).status_code == 403
            assert "发卡密钥" not in words(await town.get("/identity/cards"))
            assert (await two.get(path)).headers["location"] == "/identity/card-keys"
