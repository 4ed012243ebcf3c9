"""The screens ``/claims/simulations``: ask, follow, read, in both languages."""

from __future__ import annotations

from pathlib import Path

from services.claims.simulations import running
from shared.clock import FixedClock
from tests.integration.claims.county import Claims, person
from tests.support.browsing import screen, words
from tests.support.service import Running


async def test_a_question_asked_and_answered(
    claims: Claims, clock: FixedClock, tmp_path: Path
) -> None:
    """Goal: an accountant asks and reads the answer. Method: the form wrong, then right; the page
    while it waits and when it is done, in both languages; no key of a text is left standing."""
    await claims.deliver(person())
    visit = await claims.discharged(person_id="p-1")
    await claims.settled(visit["encounter_id"])
    async with screen(
        Running(claims.context, claims.signer, clock), tmp_path, "claims:ledger"
    ) as one:
        first = words(await one.get("/claims/simulations"))
        assert "患者自付 21.32%" in first
        form = {"pack": "jinkouhe-2016", "period": "2016-H1", "burden": "500"}
        for wrong, says in (
            ({"period": "never"}, "请填写 2016、2016-H1"),
            ({"burden": "much"}, "填写格式有误"),
            ({"parameter": "medical_aid.floor", "value": "x"}, "请"),
        ):
            refused = await one.post("/claims/simulations", form | wrong)
            assert refused.status_code == 422, wrong
            assert says in words(refused)
        asked = await one.post(
            "/claims/simulations", form | {"parameter": "medical_aid.floor", "value": "0.90"}
        )
        waits = await one.follow(asked)
        assert "排队中" in words(waits)
        path = asked.headers["location"]
        assert f'data-poll="{path}/progress"' in waits.text
        assert "排队中" in words(await one.get(f"{path}/progress"))
        assert await running.run_next(claims.context)
        assert words(await one.get(f"{path}/progress")) == ""
        done = words(await one.get(path))
        for figure in ("19.83", "17.17", "-132.76", "26,840.00", "21.32"):
            assert figure in done, figure
        english = words(await one.get(f"{path}?lang=en"))
        assert "Patients' share" in english
        for page in (first, done, english):
            assert "sim." not in page
        again = await one.follow(await one.post("/claims/simulations", form))
        address = str(again.url).partition("/claims/simulations/")[2]
        cancelled = await one.follow(await one.post(f"/claims/simulations/{address}/cancel"))
        assert "已取消" in words(cancelled)
