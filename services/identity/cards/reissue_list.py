"""The list of cards to issue again as a workbook that a township works through."""

from __future__ import annotations

import io
from collections.abc import Iterable

from openpyxl import Workbook

from services.identity.cards.schemas import Reissue
from shared.clock import SHANGHAI

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEAD = (
    "乡镇 Township", "村 Village", "姓名（脱敏） Masked name", "人员编号 Person",
    "原卡注销时间 Revoked", "新卡已交本人 Handed over", "日期 Date", "经办人 By",
)  # fmt: skip
_WIDTHS = (16, 16, 18, 40, 20, 18, 14, 14)


def reissue_list(items: Iterable[Reissue]) -> bytes:
    """By township and village; the last columns are for the hand."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("补发名单 Reissues")
    for letter, width in zip("ABCDEFGH", _WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    sheet.append(_HEAD)
    for one in sorted(items, key=lambda each: (each.township or "", each.village or "")):
        revoked = one.revoked_at.astimezone(SHANGHAI)
        sheet.append(
            (one.township, one.village, one.masked_name, one.person_id, f"{revoked:%Y-%m-%d %H:%M}")
        )
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
