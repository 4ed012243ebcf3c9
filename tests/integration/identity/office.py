"""What the county's office and a hospital's window do, by HTTP."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
from openpyxl import Workbook

from tests.support.people import HEADER, RosterPerson, roster_csv
from tests.support.service import Running

HOSPITAL = "H51111300101"


@dataclass
class Office:
    """A signed-in client of the identity service."""

    http: httpx.AsyncClient
    service: Running

    async def upload(
        self,
        content: bytes,
        *,
        effective_on: str = "2016-01-01",
        mode: str = "full",
        source: str = "poverty_office",
        name: str = "roster.csv",
    ) -> httpx.Response:
        return await self.http.post(
            "/identity/v1/roster-imports",
            files={"file": (name, content, "application/octet-stream")},
            data={"source": source, "effective_on": effective_on, "mode": mode},
        )

    async def apply(self, import_id: str) -> httpx.Response:
        return await self.http.post(f"/identity/v1/roster-imports/{import_id}/apply")

    async def register(self, *people: RosterPerson, **options: Any) -> dict[str, Any]:
        """Upload and apply; gives the applied import."""
        uploaded = await self.upload(roster_csv(*people), **options)
        assert uploaded.status_code == 201, uploaded.text
        applied = await self.apply(uploaded.json()["import_id"])
        assert applied.status_code == 200, applied.text
        return dict(applied.json())

    async def ask(
        self,
        credentials: dict[str, Any],
        *,
        on: str = "2016-03-01",
        facility: str = HOSPITAL,
        **visit: Any,
    ) -> httpx.Response:
        return await self.http.post(
            "/identity/v1/recognitions",
            json={
                "facility_code": facility,
                "visit": {
                    "visit_no": "ZY-1",
                    "type": "inpatient",
                    "occurred_at": f"{on}T09:30:00+08:00",
                    **visit,
                },
                "credentials": credentials,
            },
        )

    async def recognise(self, credentials: dict[str, Any], **options: Any) -> dict[str, Any]:
        answer = await self.ask(credentials, **options)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def events(self, ending: str) -> list[dict[str, Any]]:
        """Published events whose type ends so, in order."""
        return [e for e in await self.service.published() if e["type"].endswith(ending)]


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def county(size: int) -> list[RosterPerson]:
    """Many synthetic people in households of three."""
    first = date(1950, 1, 1)
    return [
        RosterPerson(
            f"测试{chr(0x4E00 + number % 500)}{chr(0x5000 + number // 500)}",
            first + timedelta(days=number % 20_000),
            1 + (number // 20_000) * 2 + number % 2,
            household=f"H{number // 3:06d}",
            village=f"第{number % 40}村",
            phone=f"1{number:010d}",
        )
        for number in range(size)
    ]


__all__ = ["HEADER", "HOSPITAL", "Office", "county", "workbook"]
