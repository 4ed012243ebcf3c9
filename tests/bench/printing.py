"""Statements as PDF: how many a process typesets, alone on a core and with both at once."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from services.claims.settlement.statement import TEMPLATE
from shared import documents
from shared.documents.typesetting import AT_ONCE

STATEMENTS = 200
_MADE_AT = datetime(2016, 3, 8, 2, 5, tzinfo=UTC)
_CITATION = "金口河区卫计局2016年半年卫生计生专项扶贫工作总结 · JK-0"


def statement(number: int) -> dict[str, Any]:
    """The statement of worked example A, ten steps on two pages; each has its own number."""
    amounts = ["4,000.00", "0.00", "500.00", "0.00", "270.00", "3,230.00"]
    kinds = ("药品", "植入材料", "其他", "合计", "其中 甲类", "其中 乙类", "其中 目录外")
    payers = (("基本医保", "3,344.90", 66.9, "1"), ("医疗救助", "663.83", 13.3, "3"),
              ("个人支付", "991.27", 19.8, "patient"))  # fmt: skip
    return {
        "title": "医疗费用一站式结算单",
        "hospital": "金口河区人民医院",
        "file_no": f"01a21a22-5006-7034-8e76-{number:012}",
        "watermark": None,
        "mark": None,
        "facts": [
            {"name": name, "text": f"ZY2016-{number}"}
            for name in ("患者", "就诊号", "人员类别", "就诊类型", "入院日期", "级别", "出院日期", "时间")
        ],
        "total": "5,000.00",
        "funds_pay": "4,008.73",
        "patient_word": "患者应付",
        "patient_pays": "991.27",
        "gap": [{"name": "目录外", "amount": "500.00"}, {"name": "乙类先行自付", "amount": "180.00"}],
        "bar": [
            {"name": name, "amount": amount, "share": share, "pattern": pattern}
            for name, amount, share, pattern in payers
        ],
        "lines": [{"name": name, "total": name == "合计", "amounts": amounts} for name in kinds],
        "payers": [
            {"name": name, "amount": amount, "share": f"{share}%", "strong": False}
            for name, amount, share, _ in payers
        ],
        "superseded": "",
        "difference": [],
        "steps": [
            {"text": f"基本医疗保险按83%支付4,030.00元中的3,344.90元({n})。", "citation": f"{_CITATION}{n}"}
            for n in range(10)
        ],
        "assumptions": ["基本医疗保险住院年度支付限额", "医疗救助每人年度限额"],
        "proof": [{"name": "结算编号", "text": f"01a21a22-{number}"}] * 5,
    }  # fmt: skip


async def _printed(count: int, at_once: int) -> tuple[float, float]:
    """Wall and processor seconds of so many statements."""
    gate = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with gate:
            await documents.pdf(TEMPLATE, statement(number), made_at=_MADE_AT)

    wall, spent = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one(number) for number in range(count)))
    return time.perf_counter() - wall, time.process_time() - spent


def run(console: Console, large: bool) -> None:
    """Typeset statements of two pages; nothing is read from a database."""
    count = STATEMENTS * (10 if large else 1)

    async def measure() -> None:
        first = await documents.pdf(TEMPLATE, statement(0), made_at=_MADE_AT)
        for at_once in (1, AT_ONCE):
            wall_s, cpu_s = await _printed(count, at_once)
            console.print(
                f"statements as PDF, {at_once} at once: [bold]{count / wall_s:,.0f}/s[/],"
                f" {count / cpu_s:,.0f} per processor second, {len(first) / 1024:,.0f} kB each"
            )

    asyncio.run(measure())
