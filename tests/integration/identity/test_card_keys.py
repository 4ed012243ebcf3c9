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
from tests.integration.identity.desk import issue_card, person_id, township
from tests.integration.identity.office import Office
from tests.support.people import NEIGHBOUR, PATIENT
from tests.support.service import Running


def offline(identity: Running) -> Callable[..., Any]:
    """The function that the guide for vendors prints, on the test's clock."""
    guide = (Path(__file__).parents[3] / "docs" / "his-vendor.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
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
