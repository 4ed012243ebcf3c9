"""Printed documents: no character is lost unseen, no data is markup, the same bytes every time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared import documents
from shared.documents import coverage, typesetting
from shared.http.problem import ServiceUnavailable

MADE_AT = datetime(2016, 3, 8, 2, 5, tzinfo=UTC)
RARE_NAMES = "䶮㛃㧑㬎䴔䲟䴖㑇㘎㙍㠇㤘㧐㨃㭎㳘㵐㸆㽏䃅䃎䏝䓖䓛䓨䓫䗖䗛䗴䜣䝙䢺䢼䣘䥽䦃䯄䯅䲠䴙䴘" "𫖮𬭛𬤊𬱖𫍽𬬻𬭊𬭬𬭳𬭶𬶋𬶍𬶏𬶐𬶟𬶭𬶮𬷕𬸘𬸚𬸣𬸦𬸪𬹼𬺈𫓧𫓯𫖯𫘝𫘧𫘨𫘪𫟅𫟹𫠆𫠊𫠜"  # fmt: skip
"""From the third level of the national list of characters: they stand in names of persons alone."""

OTHER_LISTS = "𠮷𡈽𠀋𠂉𡚴𢌞𢮦𣏓𣗄𣘺𣝣𣳾𤟱𤭖𥇥𥞴𥶡𦀌𦚰𦥑𧃴𧚄𧦅𨉷𨦇𨫤𩊠𩗗𩛰𩸽𩺊𪀯𪆐𪘂"
"""Beyond the national list, from neighbours' standards; 𠮷 alone stands in many a register."""
YI = "ꆈꌠꁱꂷꀉꃀꄸꅇꇖꈌꉘꊿꋋꌦꍏꎭꏢꐎꑍꒉ"


def template(folder: Path, body: str) -> Path:
    file = folder / "probe.typ"
    file.write_text(
        f'#show: sheet.with(title: "probe", file-no: data.no)\n{body}', encoding="utf-8"
    )
    return file


def test_the_fonts_have_the_characters_of_names() -> None:
    """Goal: no patient's or hospital's name has a hole. Method: every character of GBK's 20,902,
    rare ones of names and syllables of Yi against the fonts' character maps."""
    common = [chr(point) for point in range(0x4E00, 0x9FA6)]
    assert len(common) > 10_000
    missing = [
        each
        for each in [*common, *RARE_NAMES, *OTHER_LISTS, *YI]
        if ord(each) not in coverage.covered()
    ]
    assert missing == []


def test_a_character_that_the_fonts_lack_is_seen() -> None:
    """Goal: nothing vanishes silently. Method: a character outside the fonts, control characters,
    plain text, nested data."""
    outside = "\U0002a6a5"
    assert ord(outside) not in coverage.covered()
    given = {"a": [f"张{outside}三", "x\x07y\u202ez"], "n": 1, "f": 0.5, "none": None, "b": True}
    assert coverage.printable(given) == {
        "a": ["张〓三", "x y z"], "n": 1, "f": 0.5, "none": None, "b": True,
    }  # fmt: skip


async def test_names_are_set_from_whichever_font_has_them(tmp_path: Path) -> None:
    """Goal: what is said to be there is drawn. Method: the fonts that the finished file embeds."""
    probe = template(tmp_path, "#data.text")
    embedded = {
        text: (await documents.pdf(probe, {"no": "1", "text": text}, made_at=MADE_AT)).count(b"/FontFile")
        for text in ("吉", "𠮷", "ꆈꌠ", "吉𠮷ꆈ")
    }  # fmt: skip
    assert embedded == {"吉": 1, "𠮷": 2, "ꆈꌠ": 2, "吉𠮷ꆈ": 3}


async def test_the_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    """Goal: copies can be compared. Method: several at once, and one with other data."""
    probe = template(tmp_path, "#data.text")
    data = {"no": "1", "text": "甲" * 50}
    made = await asyncio.gather(*(documents.pdf(probe, data, made_at=MADE_AT) for _ in range(4)))
    assert len(set(made)) == 1
    assert await documents.pdf(probe, data | {"text": "乙"}, made_at=MADE_AT) != made[0]


async def test_too_much_data_is_refused(tmp_path: Path) -> None:
    """Goal: no document takes the machine. Method: text beyond the limit."""
    probe = template(tmp_path, "#data.text")
    with pytest.raises(documents.DocumentTooLarge):
        await documents.pdf(
            probe, {"no": "1", "text": "甲" * typesetting.MOST_BYTES}, made_at=MADE_AT
        )


async def test_a_crowd_is_told_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: a burst neither queues for ever nor breaks the next. Method: a short queue, more at
    once than it holds, then one alone."""
    monkeypatch.setattr(typesetting, "MOST_WAITING", 3)
    probe = template(tmp_path, "#data.no")
    done = await asyncio.gather(
        *(documents.pdf(probe, {"no": str(n)}, made_at=MADE_AT) for n in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, bytes) for each in done) == 3
    assert sum(isinstance(each, ServiceUnavailable) for each in done) == 5
    assert (await documents.pdf(probe, {"no": "9"}, made_at=MADE_AT)).startswith(b"%PDF-")
