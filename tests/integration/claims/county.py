"""A claims service on a database of its own, and the hands of those who use it."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from sqlalchemy import text

from services.claims.module import MODULE
from services.claims.standings.rebuilding import differences
from shared.clock import FixedClock
from shared.db.session import Database
from shared.events.base import Envelope, Event
from shared.events.catalog import (
    BY_TYPE,
    CategoryPeriod,
    Entitlements,
    PersonChanged,
    PersonEntered,
    PersonLeft,
    PersonMerged,
    PersonUnmerged,
    RecognitionMade,
    RecognitionRevised,
)
from shared.ids import new_id
from shared.policy.folders import BUNDLED_PACKS
from shared.policy.region import load_region
from shared.runtime.asgi import root_app
from shared.runtime.context import ServiceContext
from shared.runtime.peers import Peers
from shared.runtime.settings import RuntimeSettings
from shared.security.crypto import Vault
from shared.security.scopes import DEFAULT_CLIENTS
from shared.security.tokens import TokenSigner
from tests.support.postgres import plain_dsn

DISTRICT = "H51111300101"
TOWNSHIP = "H51111300201"
OUTSIDE = "H51110200901"
REGION = "511113"
NOW = datetime(2016, 3, 10, 1, 0, tzinfo=UTC)
MERGED_FROM = datetime(2016, 3, 9, 1, 0, tzinfo=UTC)
POOR = CategoryPeriod(code="registered_poor", valid_from=date(2014, 1, 1))

BILL_A: list[dict[str, Any]] = [
    {"line_no": 1, "name": "甲类药品", "kind": "drug", "catalogue_class": "A", "amount": "3000.00"},
    {"line_no": 2, "name": "乙类药品", "kind": "drug", "catalogue_class": "B", "amount": "1000.00"},
    {
        "line_no": 3,
        "name": "植入耗材",
        "kind": "implant",
        "catalogue_class": "A",
        "amount": "500.00",
        "self_first_ratio": "0.18",
    },
    {"line_no": 4, "name": "自费", "kind": "other", "catalogue_class": "C", "amount": "500.00"},
]
"""Worked example A of the Jinkouhe document."""


def pack_with(folder: Path, values: Mapping[str, str]) -> Path:
    """An extra packs folder with the region's pack, some first values replaced."""
    copy = folder / "jinkouhe-2016"
    shutil.copytree(BUNDLED_PACKS / "jinkouhe-2016", copy)
    file = copy / "parameters.yaml"
    lines = file.read_text(encoding="utf-8").splitlines()
    for name, value in values.items():
        at = lines.index(f"{name}:")
        at = next(n for n in range(at, len(lines)) if lines[n].strip() == "values:") + 1
        start = lines[at].partition(":")[0]
        lines[at] = f'{start}: "{value}"'
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@dataclass
class Claims:
    """The running service, seen from outside and from its database."""

    context: ServiceContext
    signer: TokenSigner
    http: httpx.AsyncClient
    visits: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    def bearer(
        self, organisation: str = f"region:{REGION}", client: str = "operator"
    ) -> dict[str, str]:
        token = self.signer.sign(
            client_id=client, organisation=organisation, scopes=DEFAULT_CLIENTS[client]
        )
        return {"authorization": f"Bearer {token}"}

    async def call(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        organisation: str = f"region:{REGION}",
        client: str = "operator",
        key: str | None = None,
        **params: Any,
    ) -> httpx.Response:
        headers = self.bearer(organisation, client)
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self.http.request(
            method, path, json=document, headers=headers, params=params or None
        )

    async def good(self, method: str, path: str, document: Any = None, **more: Any) -> Any:
        answer = await self.call(method, path, document, **more)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    # --- the hospital ---------------------------------------------------------------------------

    async def opened(self, **more: Any) -> dict[str, Any]:
        self.visits += 1
        document = {
            "facility_code": DISTRICT,
            "visit_no": f"ZY{self.visits}",
            "type": "inpatient",
            "admitted_at": "2016-03-01T09:00:00+08:00",
        } | more
        answer: dict[str, Any] = await self.good("POST", "/encounters", document)
        return answer

    async def discharged(
        self, lines: list[dict[str, Any]] | None = None, **more: Any
    ) -> dict[str, Any]:
        """A visit with its bill, ready to be settled."""
        encounter = await self.opened(**more)
        path = f"/encounters/{encounter['encounter_id']}"
        await self.good(
            "POST",
            f"{path}/charges",
            {"batch_no": "B1", "lines": BILL_A if lines is None else lines},
        )
        answer: dict[str, Any] = await self.good(
            "POST",
            f"{path}/discharge",
            {"discharged_at": "2016-03-08T10:00:00+08:00", "diagnoses": ["J18.900"]},
        )
        return answer

    async def settled(self, encounter_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = await self.good("POST", f"/encounters/{encounter_id}/settlement")
        return answer

    # --- identity's events ----------------------------------------------------------------------

    async def deliver(self, event: Event, *, sequence: int = 1) -> None:
        """An event of identity."""
        envelope: Envelope[Event] = Envelope(
            id=new_id(),
            type=event.type_name(),
            source=f"/yizhan/{REGION}/identity",
            time=NOW,
            subject=event.key,
            key=event.key,
            sequence=sequence,
            data=event,
        )
        await self.hand_over(envelope)

    async def hand_over(self, envelope: Envelope[Any]) -> None:
        """As the consumer loop does: find the subscription, handle in one transaction."""
        subscription = next(s for s in MODULE.subscriptions if s.event is type(envelope.data))
        async with self.context.db.writing() as session:
            await subscription.handler(envelope, session, self.context)

    # --- the database ---------------------------------------------------------------------------

    async def rows(self, statement: str, **parameters: Any) -> list[Any]:
        async with self.context.db.reading() as session:
            return list((await session.execute(text(statement), parameters)).mappings())

    async def events(self) -> list[Event]:
        """The event store, each payload read as its readers would."""
        rows = await self.rows("SELECT type, payload FROM outbox ORDER BY seq")
        return [BY_TYPE[row["type"]].model_validate(row["payload"]) for row in rows]

    async def psql(self) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(plain_dsn(self.context.db.url))

    async def balances(self) -> dict[str, str]:
        trial = await self.good("GET", "/ledger/trial-balance")
        assert trial["total"] == "0.00"
        return {account["code"]: account["balance"] for account in trial["accounts"]}

    async def differences(self) -> list[Any]:
        """Where a person's year is not the sum of his settlements: nowhere."""
        async with self.context.db.reading() as session:
            return list(await differences(session, self.context.region.pooling_area))

    async def year_to_date(self, person_id: str, year: int = 2016) -> dict[str, str]:
        standing = await self.good("GET", f"/persons/{person_id}/standing", year=year)
        found: dict[str, str] = standing["year_to_date"]
        return found


def claims_context(
    url: str, folder: Path, signer: TokenSigner, clock: FixedClock, **settings: Any
) -> ServiceContext:
    runtime = RuntimeSettings(**settings)
    keys = folder / "keys.json"
    return ServiceContext(
        module=MODULE,
        settings=runtime,
        db=Database(url, service="claims", pool_size=12, max_overflow=4),
        # A second process of the service opens the keys that the first one made.
        vault=Vault.from_file(keys) if keys.exists() else Vault.generate(keys),
        clock=clock,
        tokens=signer.verifier(),
        region=load_region(runtime.pack, runtime.pack_dirs),
        peers=Peers({}),
    )


def client_of(context: ServiceContext) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=root_app([context])), base_url="http://test/claims/v1"
    )


def recognition(
    visit_no: str,
    *,
    person_id: str | None = "p-1",
    grade: str = "certain",
    recognition_id: str | None = None,
    occurred_at: str = "2016-03-01T08:30:00+08:00",
    categories: tuple[CategoryPeriod, ...] = (POOR,),
) -> RecognitionMade:
    return RecognitionMade.model_validate(
        {
            "recognition_id": recognition_id or str(new_id()),
            "grade": grade,
            "person_id": person_id,
            "categories": categories,
            "entitlements": Entitlements(
                treat_first_pay_later=bool(categories),
                one_stop_settlement=bool(categories),
                fee_waivers=bool(categories),
            ),
            "facility_code": DISTRICT,
            "visit_no": visit_no,
            "visit_type": "inpatient",
            "occurred_at": occurred_at,
            "township": "永和镇",
            "village": "坪上村",
        }
    )


def revision(
    visit_no: str,
    recognition_id: str,
    to_person_id: str | None,
    *,
    to_grade: str = "certain",
    categories: tuple[CategoryPeriod, ...] = (POOR,),
    occurred_at: str = "2016-03-01T08:30:00+08:00",
) -> RecognitionRevised:
    """What identity now says under an earlier recognition's id."""
    entitled = to_person_id is not None and bool(categories)
    return RecognitionRevised.model_validate(
        {
            "recognition_id": recognition_id,
            "reason": "review",
            "from_grade": "probable",
            "to_grade": to_grade,
            "to_person_id": to_person_id,
            "categories": categories,
            "entitlements": Entitlements(
                treat_first_pay_later=entitled, one_stop_settlement=entitled, fee_waivers=entitled
            ),
            "facility_code": DISTRICT,
            "visit_no": visit_no,
            "visit_type": "inpatient",
            "occurred_at": occurred_at,
            "recorded_at": "2016-03-05T08:30:00+08:00",
            "township": "永和镇",
            "village": "坪上村",
        }
    )


def merged(kept: str, absorbed: str, number: int = 1) -> PersonMerged:
    """Identity's news that two persons are one; merges are numbered in their order."""
    return PersonMerged(
        merge_id=f"m-{number:04}",
        kept_person_id=kept,
        absorbed_person_id=absorbed,
        recorded_at=MERGED_FROM + timedelta(minutes=2 * number),
    )


def unmerged(kept: str, absorbed: str, number: int = 1) -> PersonUnmerged:
    """The news that the merge of that number was a mistake."""
    return PersonUnmerged(
        merge_id=f"m-{number:04}",
        kept_person_id=kept,
        absorbed_person_id=absorbed,
        recorded_at=MERGED_FROM + timedelta(minutes=2 * number + 1),
    )


def person(
    kind: type[PersonEntered | PersonChanged | PersonLeft] = PersonEntered,
    *,
    person_id: str = "p-1",
    categories: tuple[CategoryPeriod, ...] = (POOR,),
    village: str = "坪上村",
    recorded_at: str = "2016-01-05T09:00:00+08:00",
) -> PersonEntered | PersonChanged | PersonLeft:
    return kind.model_validate(
        {
            "person_id": person_id,
            "household_id": "h-1",
            "township": "永和镇",
            "village": village,
            "categories": categories,
            "effective_on": "2016-01-01",
            "recorded_at": recorded_at,
        }
    )
