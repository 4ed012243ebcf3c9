"""The county's figures against claims' own book."""

from decimal import Decimal
from pathlib import Path

from deploy.cli.reporting import patients_paid
from services.reporting.module import MODULE as REPORTING
from shared.clock import FixedClock
from shared.events.catalog import BY_TYPE
from tests.integration.claims.county import TOWNSHIP, Claims, person, recognition
from tests.support.service import envelope, running


async def test_the_personal_share_is_the_ledgers(
    claims: Claims, tmp_path: Path, clock: FixedClock
) -> None:
    """Goal: the figure that a director signs is what was booked, to the fen.

    Method: claims settles by itself bills of a registered and of ordinary patients in two months,
    one of them reversed and settled anew; its events, backwards, make
    reporting's rows; numerator and denominator against the ledger's entries, each facility's
    patients' account against the page. A fen amiss is found.
    """
    await claims.deliver(person())
    for number, day in enumerate(("2016-02-01", "2016-03-01"), start=1):
        await claims.deliver(recognition(f"ZY{number}", occurred_at=f"{day}T08:30:00+08:00"))
    registered = [await settled(claims, visit_no=f"ZY{n}") for n in (1, 2)]
    await settled(claims, visit_no="PT1", facility_code=TOWNSHIP)
    reason = {"reason": "wrong_bill"}
    await claims.good("POST", f"/settlements/{registered[0]['settlement_id']}/reverse", reason)
    again = await claims.settled(registered[0]["encounter_id"])
    assert again["settlement_id"] != registered[0]["settlement_id"]

    told = await claims.rows("SELECT * FROM outbox ORDER BY seq DESC")
    trial = await claims.good("GET", "/ledger/trial-balance")
    booked = {
        kind: Decimal(
            (await claims.rows(
                "SELECT coalesce(sum(p.amount_fen), 0) AS fen FROM postings p"
                " JOIN journal_entries e ON e.id = p.entry_id"
                " JOIN settlements s ON s.id = e.settlement_id"
                " WHERE s.person_id IS NOT NULL AND p.account_code LIKE :kind",
                kind=f"{kind}:%",
            ))[0]["fen"]
        ) / 100
        for kind in ("patient", "facility")
    }  # fmt: skip
    async with running(REPORTING, tmp_path, clock) as reporting:
        await reporting.deliver(
            *(
                envelope(
                    BY_TYPE[row["type"]].model_validate(row["payload"]),
                    sequence=row["aggregate_version"],
                    at=row["occurred_at"],
                    event_id=row["id"],
                )
                for row in told
                if row["type"] in {each.event.type_name() for each in REPORTING.subscriptions}
            )
        )
        async with reporting.client() as client:
            share = (await client.get("/reporting/v1/indicators/personal_share")).json()
            page = (await client.get("/reporting/v1/dashboard")).json()
    assert Decimal(share["numerator"]) == booked["patient"] > 0
    assert Decimal(share["denominator"]) == -booked["facility"]
    found = patients_paid(trial["accounts"], page["facilities"])
    assert len(found) == 2
    assert all(booked_fen == shown_fen for booked_fen, shown_fen in found.values())
    page["facilities"][0]["patient_pays"] = "0.01"
    amiss = patients_paid(trial["accounts"], page["facilities"])
    assert sum(booked_fen != shown_fen for booked_fen, shown_fen in amiss.values()) == 1


async def settled(claims: Claims, **visit: str) -> dict[str, str]:
    """A visit whose bill is settled; who was recognised has a case already."""
    encounter = await claims.discharged(**visit)
    made = await claims.settled(encounter["encounter_id"])
    return {"encounter_id": encounter["encounter_id"], "settlement_id": made["settlement_id"]}
