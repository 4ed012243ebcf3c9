"""The county's map: areas of GeoJSON as outlines of a drawing, each with the village it is. Pure.

Nothing is asked of any other host: the county supplies the file, and it is drawn as SVG.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.reporting.standards.problems import MapRefused
from shared.http.problem import FieldFault

MOST_FEATURES: Final = 3_000
MOST_POINTS: Final = 500_000
LONGEST: Final = 1000
"""Of the drawing's longer side, in its own units."""
_CLOSED_RING: Final = 4
_HEMISPHERE: Final = (180.0, 90.0)

Ring = list[tuple[float, float]]


@dataclass(frozen=True)
class Shape:
    """A village's outline."""

    key: str
    """``township/village``."""
    path: str
    """SVG path data."""
    x: float
    y: float
    """Where its name may stand: the middle of its box."""


@dataclass(frozen=True)
class Drawing:
    """A county's outlines."""

    width: int
    height: int
    shapes: tuple[Shape, ...]
    unplaced: tuple[str, ...]
    """Names of areas that no village of the county has."""


def draw(content: bytes, villages: Iterable[str]) -> Drawing:
    """Read GeoJSON and project it.

    Each feature is an area (Polygon or MultiPolygon, degrees of longitude and latitude) with
    ``properties`` ``township`` and ``village``, or ``village`` or ``name`` alone where the county
    has only one village of that name.

    Args:
        content: the file.
        villages: keys ``township/village`` that there are.

    Raises:
        MapRefused: with the feature and the fault.
    """
    features = _features(content)
    known = set(villages)
    by_name: dict[str, list[str]] = {}
    for key in known:
        by_name.setdefault(key.partition("/")[2], []).append(key)
    areas: list[tuple[str | None, str, list[Ring]]] = []
    points = 0
    for number, feature in enumerate(features):
        rings = _rings(feature, number)
        points += sum(map(len, rings))
        if points > MOST_POINTS:
            raise _refused(
                "features",
                "too_many_points",
                f"at most {MOST_POINTS} points; simplify the outlines",
                f"坐标点超过 {MOST_POINTS} 个，请简化边界",
            )
        name = _name(feature, number)
        areas.append((_key(name, known, by_name), name, rings))
    if not any(key for key, _, _ in areas):
        raise _refused(
            "features", "no_village",
            "no area bears the name of a village of the county: write township and village into properties",
            "没有区域与本县的村对应：请在 properties 中填写 township 和 village",
        )  # fmt: skip
    return _projected(areas)


def _features(content: bytes) -> list[Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _refused(
            "file", "unreadable", "send GeoJSON in UTF-8", "请发送 UTF-8 编码的 GeoJSON"
        ) from error
    features = document.get("features") if isinstance(document, dict) else None
    if (
        not isinstance(features, list)
        or document.get("type") != "FeatureCollection"
        or not features
    ):
        raise _refused(
            "file",
            "no_collection",
            "send a FeatureCollection with features",
            "应为含 features 的 FeatureCollection",
        )
    if len(features) > MOST_FEATURES:
        raise _refused(
            "features", "too_many", f"at most {MOST_FEATURES} areas", f"区域最多 {MOST_FEATURES} 个"
        )
    return features


def _rings(feature: Any, number: int) -> list[Ring]:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if not isinstance(geometry, dict) or kind not in {"Polygon", "MultiPolygon"}:
        raise _refused(
            f"features[{number}].geometry",
            "no_area",
            "send a Polygon or MultiPolygon",
            "应为 Polygon 或 MultiPolygon",
        )
    try:
        polygons = [geometry["coordinates"]] if kind == "Polygon" else geometry["coordinates"]
        rings = [
            [(_degree(point[0], 0), _degree(point[1], 1)) for point in ring]
            for polygon in polygons
            for ring in polygon
        ]
    except (KeyError, TypeError, IndexError, ValueError, OverflowError) as error:
        raise _no_degrees(number) from error
    if not rings or any(len(ring) < _CLOSED_RING for ring in rings):
        raise _no_degrees(number)
    return rings


def _degree(value: Any, axis: int) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("no number")
    degree = float(value)
    if not math.isfinite(degree) or abs(degree) > _HEMISPHERE[axis]:
        raise ValueError("outside the earth")
    return degree


def _no_degrees(number: int) -> MapRefused:
    return _refused(
        f"features[{number}].geometry", "coordinates_invalid",
        "give rings of at least four points in degrees of longitude and latitude",
        "坐标应为经纬度，每个环至少四个点",
    )  # fmt: skip


def _name(feature: Mapping[str, Any], number: int) -> str:
    told = feature.get("properties")
    properties = told if isinstance(told, dict) else {}
    township, village = properties.get("township"), properties.get("village")
    name = village or properties.get("name")
    if not isinstance(name, str) or not name.strip():
        raise _refused(
            f"features[{number}].properties",
            "name_missing",
            "write village (and township), or name",
            "请填写 village(和 township)，或 name",
        )
    if isinstance(township, str) and township.strip() and "/" not in name:
        return f"{township.strip()}/{name.strip()}"
    return name.strip()


def _key(name: str, known: set[str], by_name: Mapping[str, Sequence[str]]) -> str | None:
    if name in known:
        return name
    same = by_name.get(name, ())
    return same[0] if len(same) == 1 else None


def _projected(areas: Sequence[tuple[str | None, str, list[Ring]]]) -> Drawing:
    """Longitudes shortened by the middle latitude: right enough for a county."""
    points = [point for _, _, rings in areas for ring in rings for point in ring]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    shorter = math.cos(math.radians((south + north) / 2))
    wide, high = (east - west) * shorter, north - south
    if not wide or not high:
        raise _refused("features", "no_area", "the areas have no extent", "区域没有面积")
    scale = LONGEST / max(wide, high)

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return round((point[0] - west) * shorter * scale, 1), round((north - point[1]) * scale, 1)

    shapes, unplaced = [], []
    for key, name, rings in areas:
        if key is None:
            unplaced.append(name[:64])
            continue
        placed = [[place(point) for point in ring] for ring in rings]
        xs = [x for ring in placed for x, _ in ring]
        ys = [y for ring in placed for _, y in ring]
        shapes.append(
            Shape(
                key,
                "".join(_outline(ring) for ring in placed),
                round((min(xs) + max(xs)) / 2, 1),
                round((min(ys) + max(ys)) / 2, 1),
            )
        )
    return Drawing(math.ceil(wide * scale), math.ceil(high * scale), tuple(shapes), tuple(unplaced))


def _outline(ring: Ring) -> str:
    """The path of a ring; points that fall together are drawn once."""
    kept: Ring = []
    for point in ring:
        if not kept or point != kept[-1]:
            kept.append(point)
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in kept) + "Z"


def _refused(field: str, code: str, message: str, message_zh: str) -> MapRefused:
    return MapRefused(errors=[FieldFault(field, code, message, message_zh)])
