"""Facts from tables and maps: what is read, what is refused with its place."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

import openpyxl
import pytest

from services.reporting.standards import files, maps
from services.reporting.standards.facts import MODELS, FacilityFact, PlaceFact, county_of
from services.reporting.standards.problems import FactsFileRefused, MapRefused
from shared.policy.region import load_region

DAY = date(2020, 6, 1)


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def test_chinese_words_are_read() -> None:
    """Goal: a table as an office keeps it. Method: the same rows as workbook and as GBK text."""
    head = [
        "机构编码",
        "机构名称",
        "机构类别",
        "乡镇",
        "村",
        "联合服务村",
        "是否达标",
        "起始日期",
        "备注",
    ]
    row = [
        "C2",
        "坪上村卫生室",
        "村卫生室",
        "永和镇",
        "坪上村",
        "花溪村;石门村",
        "是",
        "2020年1月5日",
        "x",
    ]
    as_text = "\r\n".join(",".join(line) for line in (head, row)).encode("gb18030")
    for content in (workbook(head, row), as_text):
        (read,) = files.read("facilities", content)
        fact = MODELS["facilities"].model_validate(dict(read.values))
        assert isinstance(fact, FacilityFact)
        assert (fact.kind, fact.serves, fact.up_to_standard) == (
            "village_clinic", ["花溪村", "石门村"], True,
        )  # fmt: skip
        assert (fact.valid_from, read.number) == (date(2020, 1, 5), 2)


@pytest.mark.parametrize("kind", ["places", "facilities", "departments", "staff"])
def test_the_template_is_read(kind: Any) -> None:
    """Goal: what we hand out we take. Method: each template has every column; it holds no row."""
    with pytest.raises(FactsFileRefused) as refused:
        files.read(kind, files.template(kind))
    assert [each.code for each in refused.value.errors] == ["no_rows"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04nonsense", "unreadable"), (b"\xff\xfe\x00\x00", "unreadable"),
        (b"a,b\r\n1,2", "column_missing"), (b"", "column_missing"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told(content: bytes, code: str) -> None:
    """Goal: a fault with its cure, no crash. Method: broken bytes, missing columns."""
    with pytest.raises(FactsFileRefused) as refused:
        files.read("staff", content)
    assert {each.code for each in refused.value.errors} == {code}


def test_told_facts_go_before_the_pack_and_end() -> None:
    """Goal: the pack's places are there until somebody knows better. Method: residents told of a
    village, a clinic that ended the day before."""
    region = load_region("jinkouhe-2016")
    bare = county_of(region, [], DAY)
    told = [
        ("places", PlaceFact(township="永和镇", village="坪上村", residents=799, valid_from=DAY)),
        (
            "facilities",
            FacilityFact(
                facility_code="H51111300301", name_zh="坪上村卫生室", kind="village_clinic",
                township="永和镇", village="坪上村", valid_from=date(2019, 1, 1),
                valid_to=date(2020, 5, 31),
            ),
        ),
    ]  # fmt: skip
    known = county_of(region, told, DAY)
    assert len(known.places) == len(bare.places)
    assert {each.residents for each in known.places if each.key == "永和镇/坪上村"} == {799}
    gone = {each.code for each in bare.facilities} - {each.code for each in known.facilities}
    assert gone == {"H51111300301"}


def square(x: float, name: dict[str, Any], kind: str = "Polygon") -> dict[str, Any]:
    ring = [[x, 29.0], [x + 0.1, 29.0], [x + 0.1, 29.1], [x, 29.1], [x, 29.0]]
    return {
        "type": "Feature",
        "properties": name,
        "geometry": {"type": kind, "coordinates": [ring] if kind == "Polygon" else [[ring]]},
    }


def collection(*features: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def test_a_map_is_drawn_where_it_lies() -> None:
    """Goal: each area its village. Method: by both names, by a name that is one village's alone,
    by one that two have."""
    villages = ["甲镇/东村", "甲镇/西村", "乙镇/西村"]
    drawn = maps.draw(
        collection(
            square(103.0, {"township": "甲镇", "village": "西村"}),
            square(103.1, {"name": "东村"}, "MultiPolygon"),
            square(103.2, {"name": "西村"}),
        ),
        villages,
    )
    assert [shape.key for shape in drawn.shapes] == ["甲镇/西村", "甲镇/东村"]
    assert drawn.unplaced == ("西村",)
    assert drawn.shapes[0].x < drawn.shapes[1].x
    assert max(drawn.width, drawn.height) == maps.LONGEST
    # Degrees of longitude are shorter than those of latitude.
    assert 0 < drawn.width - 2.6 * drawn.height < 0.1 * drawn.width
    assert drawn.shapes[0].path.startswith("M0 ")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xff", "unreadable"), (b"[]", "no_collection"), (b"[" * 100_000, "unreadable"),
        (collection(), "no_collection"), (collection(None), "no_area"),
        (collection(square(181, {"name": "东村"})), "coordinates_invalid"),
        (collection(square(103, {"name": "别村"})), "no_village"),
        (collection(square(103, {})), "name_missing"),
        (collection(square(103, {"name": "东村"})).replace(b"103,", b"NaN,"), "coordinates_invalid"),
    ],
)  # fmt: skip
def test_what_is_no_map_is_told(content: bytes, code: str) -> None:
    """Goal: no crash on what anybody may send. Method: broken, empty, elsewhere, nameless."""
    with pytest.raises(MapRefused) as refused:
        maps.draw(content, ["甲镇/东村"])
    assert [each.code for each in refused.value.errors] == [code]
