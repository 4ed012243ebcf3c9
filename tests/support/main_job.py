"""The main job as an outside client does it, step by step; each step may safely be repeated.

Used by the end-to-end test, the crash tests and the check of the compose form: they differ only
in where the product runs. Every step carries an Idempotency-Key, so after a crash a step is simply
done again, as a hospital's system would.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from tests.support.people import NEIGHBOUR, PATIENT, RosterPerson, roster_csv
from tests.support.process import eventually

BILL_A = [
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
    {"line_no": 4, "name": "目录外", "kind": "other", "catalogue_class": "C", "amount": "500.00"},
]
"""Worked example A of the Jinkouhe rules: 5,000.00 in a district hospital."""


class Client(Protocol):
    """Whatever can call the product: a process of ours, or the compose form."""

    def call(
        self, method: str, path: str, *, client: str = ..., key: str = ..., **options: Any
    ) -> httpx.Response: ...

    def get(self, path: str, *, client: str = ..., **options: Any) -> Any: ...


@dataclass
class MainJob:
    """One patient's stay, from the roster to the county's figure."""

    yizhan: Client
    visit_no: str = "ZY2016-0001"
    patient: RosterPerson = PATIENT
    known: dict[str, Any] = field(default_factory=dict)

    def facility(self) -> str:
        if "facility" not in self.known:
            facilities = self.yizhan.get("/claims/v1/facilities")["items"]
            self.known["facility"] = next(
                f["facility_code"]
                for f in facilities
                if f["facility_level"] == "secondary" and f["in_region"]
            )
        return str(self.known["facility"])

    def import_roster(self) -> dict[str, Any]:
        answer = self.yizhan.call(
            "POST",
            "/identity/v1/roster-imports",
            client="poverty-office",
            key="main-roster",
            files={"file": ("roster.csv", roster_csv(self.patient, NEIGHBOUR), "text/csv")},
            data={"source": "poverty_office", "effective_on": "2016-01-01", "mode": "full"},
        )
        assert answer.status_code == httpx.codes.CREATED, answer.text
        self.known["import"] = answer.json()
        return answer.json()

    def apply_roster(self) -> dict[str, Any]:
        import_id = self.known["import"]["import_id"]
        answer = self.yizhan.call(
            "POST",
            f"/identity/v1/roster-imports/{import_id}/apply",
            client="poverty-office",
            key="main-apply",
        )
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def recognise(self) -> dict[str, Any]:
        answer = self.yizhan.call(
            "POST", "/identity/v1/recognitions", key=f"rec-{self.visit_no}", json=self.visit()
        )
        assert answer.status_code == httpx.codes.OK, answer.text
        self.known["recognition"] = answer.json()
        return answer.json()

    def visit(self) -> dict[str, Any]:
        return {
            "facility_code": self.facility(),
            "visit": {
                "visit_no": self.visit_no,
                "type": "inpatient",
                "occurred_at": "2016-03-01T09:30:00+08:00",
            },
            "credentials": {"id_number": self.patient.number, "name": self.patient.name},
        }

    def encounter(self) -> dict[str, Any] | None:
        found = self.yizhan.get(
            "/claims/v1/encounters",
            params={"visit_no": self.visit_no, "facility_code": self.facility()},
        )["items"]
        assert len(found) <= 1, "one visit has one case"
        return found[0] if found else None

    def await_encounter(self) -> dict[str, Any]:
        """The case opens by itself when the recognition's event arrives."""
        encounter = eventually(self.encounter, what="the recognition opens the encounter")
        self.known["encounter"] = encounter
        return encounter

    @property
    def encounter_path(self) -> str:
        return f"/claims/v1/encounters/{self.known['encounter']['encounter_id']}"

    def charge(self) -> dict[str, Any]:
        answer = self.yizhan.call(
            "POST",
            f"{self.encounter_path}/charges",
            key=f"charge-{self.visit_no}",
            json={"batch_no": "B1", "lines": BILL_A},
        )
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def discharge(self) -> dict[str, Any]:
        answer = self.yizhan.call(
            "POST",
            f"{self.encounter_path}/discharge",
            key=f"discharge-{self.visit_no}",
            json={"discharged_at": "2016-03-08T10:00:00+08:00", "diagnoses": ["J18.900"]},
        )
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def settle(self) -> httpx.Response:
        answer = self.yizhan.call(
            "POST", f"{self.encounter_path}/settlement", key=f"settle-{self.visit_no}"
        )
        assert answer.status_code in (200, 201), answer.text
        return answer

    def tasks(self) -> list[dict[str, Any]]:
        items = self.yizhan.get("/contracts/v1/worklist", client="township")["items"]
        person = self.known["recognition"]["person_id"]
        return [item for item in items if item["person_id"] == person]

    def sign_contract(self) -> dict[str, Any]:
        answer = self.yizhan.call(
            "POST",
            "/contracts/v1/contracts",
            client="township",
            key=f"sign-{self.visit_no}",
            json={
                "person_id": self.known["recognition"]["person_id"],
                "signed_on": "2016-01-05",
                "valid_from": "2016-01-05",
                "valid_to": "2016-12-31",
            },
        )
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def indicator(self, code: str = "personal_share") -> dict[str, Any]:
        found: dict[str, Any] = self.yizhan.get(
            f"/reporting/v1/indicators/{code}", client="director"
        )
        return found

    def run(self) -> dict[str, Any]:
        """The whole job; gives the settlement's breakdown."""
        self.import_roster()
        self.apply_roster()
        self.recognise()
        self.await_encounter()
        self.sign_contract()
        self.charge()
        self.discharge()
        return dict(self.settle().json())


def payer_amounts(breakdown: dict[str, Any]) -> dict[str, str]:
    """``{payer: amount}`` of a breakdown, without the payers that pay nothing."""
    return {p["payer"]: p["amount"] for p in breakdown["payers"] if p["amount"] != "0.00"}
