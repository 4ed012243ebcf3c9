"""A roster applied by the real process, killed in the middle, and taken up again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.identity.office import county
from tests.support.people import RosterPerson, roster_csv
from tests.support.process import Yizhan
from tests.support.product import product

IMPORTS = "/identity/v1/roster-imports"
PEOPLE = county(900)
CHUNKS = {"IDENTITY_CHUNK_ROWS": "300"}
KEEPER = "poverty-office"


@pytest.fixture
def yizhan(tmp_path: Path) -> Iterator[Yizhan]:
    with product(tmp_path / "data") as running:
        yield running


def upload(yizhan: Yizhan, *people: RosterPerson, day: str, key: str) -> str:
    answer = yizhan.call(
        "POST",
        IMPORTS,
        client=KEEPER,
        key=key,
        files={"file": ("roster.csv", roster_csv(*people), "text/csv")},
        data={"source": "poverty_office", "effective_on": day, "mode": "full"},
    )
    assert answer.status_code == httpx.codes.CREATED, answer.text
    return str(answer.json()["import_id"])


def status(yizhan: Yizhan, import_id: str) -> str:
    return str(yizhan.get(f"{IMPORTS}/{import_id}", client=KEEPER)["status"])


def registered(yizhan: Yizhan, person: RosterPerson) -> bool:
    """Whether a search by number finds him."""
    answer = yizhan.call(
        "POST",
        "/identity/v1/persons/search",
        client=KEEPER,
        json={"id_number": person.number},
    )
    assert answer.status_code == httpx.codes.OK, answer.text
    return bool(answer.json()["items"])


def events(yizhan: Yizhan) -> int:
    page = yizhan.get("/identity/v1/events", client="operator", params={"after": 0, "limit": 200})
    return len(page["items"])


@pytest.mark.parametrize("chunk", [1, 2])
def test_killed_in_the_middle_of_an_apply(yizhan: Yizhan, chunk: int) -> None:
    """Goal: kill -9 in the middle of an apply applies nothing. Method: three chunks of 300; the
    process dies after the first or the second is written. After the restart nobody is registered,
    nothing was told, the import waits; applied again, with the same key, it is applied whole."""
    yizhan.start(CHUNKS | {"YIZHAN_CRASH_AT": f"roster.mid_apply:{chunk}"})
    import_id = upload(yizhan, *PEOPLE, day="2016-01-01", key="upload")
    with pytest.raises(httpx.TransportError):
        yizhan.call("POST", f"{IMPORTS}/{import_id}/apply", client=KEEPER, key="apply")
    assert yizhan.died(within_s=5)

    yizhan.start(CHUNKS)
    assert status(yizhan, import_id) == "validated"
    assert not any(registered(yizhan, PEOPLE[place]) for place in (0, 299, 300, 899))
    assert events(yizhan) == 0

    answer = yizhan.call("POST", f"{IMPORTS}/{import_id}/apply", client=KEEPER, key="apply")
    assert (answer.status_code, answer.json()["status"]) == (httpx.codes.OK, "applied")
    assert all(registered(yizhan, PEOPLE[place]) for place in (0, 299, 300, 899))

    again = upload(yizhan, *PEOPLE, day="2016-01-01", key="again")
    diff = yizhan.get(f"{IMPORTS}/{again}", client=KEEPER)["diff"]
    assert diff == {"added": 0, "changed": 0, "removed": 0, "unchanged": len(PEOPLE)}
