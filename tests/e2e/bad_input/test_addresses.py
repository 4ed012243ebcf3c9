"""Unknown ids, cursors and addresses; no token and a wrong one."""

from __future__ import annotations

import httpx
import pytest

from tests.e2e.bad_input.desk import SECRET_NUMBER, Desk, problem_of

NOWHERE = "00000000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("method", "path", "client", "status", "code"),
    [
        ("GET", f"/claims/v1/encounters/{NOWHERE}", "hospital", 404, "encounter_not_found"),
        ("POST", f"/claims/v1/encounters/{NOWHERE}/settlement", "hospital", 404, "encounter_not_found"),
        ("GET", f"/claims/v1/settlements/{NOWHERE}", "hospital", 404, "settlement_not_found"),
        ("GET", "/claims/v1/encounters/not-an-id", "hospital", 422, "validation_failed"),
        ("GET", "/claims/v1/persons/nobody/standing", "hospital", 404, "person_not_found"),
        ("GET", f"/identity/v1/persons/{NOWHERE}", "poverty-office", 404, "person_unknown"),
        ("GET", f"/identity/v1/roster-imports/{NOWHERE}", "poverty-office", 404, "roster_import_unknown"),
        ("POST", f"/identity/v1/roster-imports/{NOWHERE}/apply", "poverty-office", 404, "roster_import_unknown"),
        ("GET", "/claims/v1/encounters?cursor=abc", "hospital", 422, "cursor_malformed"),
        ("GET", "/claims/v1/encounters?cursor=WzFd", "hospital", 422, "cursor_malformed"),
        ("GET", "/claims/v1/encounters?limit=0", "hospital", 422, "validation_failed"),
        ("GET", "/claims/v1/encounters?limit=201", "hospital", 422, "validation_failed"),
        ("GET", "/claims/v1/encounters?limit=ten", "hospital", 422, "validation_failed"),
        ("GET", "/claims/v1/encounters?status=lost", "hospital", 422, "validation_failed"),
        ("GET", "/claims/v1/encounters?visit_no=%00", "hospital", 422, "text_not_storable"),
        ("GET", "/identity/v1/events?after=-1", "operator", 422, "validation_failed"),
        ("GET", "/identity/v1/events?after=9223372036854775808", "operator", 422, "validation_failed"),
        ("GET", "/contracts/v1/contracts?cursor=abc", "township", 422, "cursor_malformed"),
        ("GET", f"/claims/v1/{SECRET_NUMBER}", "hospital", 404, "not_found"),
        ("GET", f"/{SECRET_NUMBER}", "hospital", 404, "not_found"),
        ("DELETE", "/claims/v1/facilities", "hospital", 405, "method_not_allowed"),
        ("GET", "/reporting/v1/indicators/no_such", "director", 404, "indicator_unknown"),
    ],
)  # fmt: skip
def test_unknown_ids_cursors_and_addresses(
    desk: Desk, method: str, path: str, client: str, status: int, code: str
) -> None:
    """Goal: 404, 405 or 422 with the reason, never a 500. Method: each kind of wrong address."""
    desk.refused(method, path, client=client, status=status, code=code)


def test_no_token_and_a_wrong_one(desk: Desk) -> None:
    """Goal: 401 tells how to get one. Method: none, nonsense, and a bad client secret."""
    url = f"{desk.yizhan.base_url}/claims/v1/facilities"
    for headers in ({}, {"Authorization": f"Bearer {SECRET_NUMBER}"}):
        answer = httpx.get(url, headers=headers)
        assert problem_of(answer)["code"] == "unauthorized"
        assert answer.headers["www-authenticate"].startswith("Bearer")
    refused = httpx.post(
        f"{desk.yizhan.base_url}/oauth/token",
        data={
            "grant_type": "client_credentials",
            "client_id": "hospital",
            "client_secret": SECRET_NUMBER,
        },
    )
    assert refused.status_code == 401, refused.text
    assert SECRET_NUMBER not in refused.text
