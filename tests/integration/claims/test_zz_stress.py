import asyncio
from tests.integration.claims.county import *
from tests.integration.claims.test_money import PLAIN

async def test_stress(start, tmp_path):
    packs = pack_with(tmp_path / "packs", {"basic.annual_cap": "6000.00", "medical_aid.annual_cap": "1000.00"})
    claims = await start(packs=packs)
    bad = []
    for n in range(60):
        who = f"p-{n}"
        await claims.deliver(person(person_id=who))
        visits = [await claims.discharged(PLAIN, person_id=who, facility_code=f) for f in (DISTRICT, TOWNSHIP)]
        res = await asyncio.gather(*(claims.settled(v["encounter_id"]) for v in visits))
        tot = sum(float(p["amount"]) for s in res for p in s["payers"] if p["payer"] == "basic_insurance")
        if tot != 6000.0:
            bad.append((n, tot, [(s["pack_version"], s["made_at"]) for s in res], await claims.year_to_date(who)))
    assert not bad, bad
