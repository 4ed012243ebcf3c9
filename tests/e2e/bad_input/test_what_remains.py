"""What remains of it all: run after the folder's other tests (its name sorts last)."""

from __future__ import annotations

import re

from tests.e2e.bad_input.desk import SECRETS, Desk
from tests.e2e.inspection import events, quiet_counts
from tests.support.process import SERVICES


def test_afterwards_feeds_and_logs_show_nothing_of_it(desk: Desk) -> None:
    """Goal: no late event, no 500, no value in a log. Method: read the feeds and both logs."""
    counts = quiet_counts(desk.yizhan)
    for service in SERVICES:
        assert len(events(desk.yizhan, service)) == counts[f"{service}.outbox"]
    assert counts["claims.dead_letters"] == 0
    assert counts["claims.settlements"] == 0
    trial = desk.yizhan.get("/claims/v1/ledger/trial-balance")
    assert (trial["total"], trial["accounts"]) == ("0.00", [])
    logs = [desk.yizhan.log_path, desk.yizhan.data_dir / "yizhan.log"]
    text = "\n".join(path.read_text(errors="replace") for path in logs)
    assert '"request_finished"' in text, "the log was not read"
    assert "request_failed" not in text
    assert not re.search(r'"status": 5\d\d', text)
    for secret in SECRETS:
        assert secret not in text
        assert secret.encode("unicode_escape").decode() not in text
