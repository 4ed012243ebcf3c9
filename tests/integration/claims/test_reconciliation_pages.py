"""The screen ``/claims/reconciliations``: what is open, found and closed, without codes."""

from __future__ import annotations

import io
from pathlib import Path

from openpyxl import load_workbook

from shared.clock import FixedClock
from tests.integration.claims.county import Claims
from tests.integration.claims.test_reconciliation import reconciled, record, settled_visits
from tests.support.browsing import screen, words
from tests.support.service import Running

HERE = "/claims/reconciliations"


async def test_an_accountant_reads_and_closes(
    claims: Claims, clock: FixedClock, tmp_path: Path
) -> None:
    """Goal: open differences in words, one click to the day, closed with a reason, taken out as a
    workbook. Method: a missing record and sums alone; the pages' words in both languages; a reader
    without the right sees no form."""
    one, two = await settled_visits(claims, 2)
    made = await reconciled(claims, records=[record(one)])
    sums = await reconciled(claims, date="2016-03-07", totals={"total": "1.00"})
    running = Running(claims.context, claims.signer, clock)
    async with screen(running, tmp_path, "claims:ledger", "claims:reconcile") as accountant:
        listed = await accountant.get(HERE)
        said = words(listed)
        for part in (two["visit_no"], "本系统有、医院无：合计少 5000.00 元", "-5,000.00", "仅总账"):
            assert part in said, part
        here = f"{HERE}/{made['reconciliation_id']}"
        assert f'href="{here}"' in listed.text
        page = words(await accountant.get(here))
        assert "了结这条差异" in page
        difference = made["differences"][0]["difference_id"]
        silent = await accountant.post(
            f"{here}/resolve", {"difference_id": difference, "reason": " "}
        )
        assert (silent.status_code, "请写明原因" in words(silent)) == (422, True)
        closed = await accountant.follow(
            await accountant.post(
                f"{here}/resolve", {"difference_id": difference, "reason": "医院补传"}
            )
        )
        said = words(closed)
        assert "已了结" in said
        assert "已说明" in said
        assert "了结这条差异" not in said
        asked = words(await accountant.get(f"{HERE}/{sums['reconciliation_id']}?lang=en"))
        assert "the sum settled from 0 to 12 h" in asked
        assert "recon." not in asked
        book = load_workbook(io.BytesIO((await accountant.get(f"{here}/report.xlsx")).content))
        assert [sheet.title for sheet in book] == ["总账 Sums", "差异 Differences", "分项 Parts"]
    async with screen(running, tmp_path, "claims:ledger", name="reader") as reader:
        here = f"{HERE}/{sums['reconciliation_id']}"
        assert "了结这条差异" not in words(await reader.get(here))
        refused = await reader.post(f"{here}/resolve", {"difference_id": difference, "reason": "x"})
        assert refused.status_code == 403
