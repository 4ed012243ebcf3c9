"""The county's own catalogue: what it leaves out, and its own targets, from its pack.

A pack may have a file ``indicators.yaml``. What it does not name is shown and judged as the
catalogue says. It is read when the service starts; a faulty one keeps it from starting.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib.resources.abc import Traversable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.reporting.indicators.catalogue import (
    Aim,
    BandText,
    Indicator,
    TargetText,
    Text,
    Words,
    catalogue,
)
from shared.policy.errors import Fault, PackInvalid
from shared.policy.folders import BUNDLED_PACKS, find_pack
from shared.policy.reading import read_file
from shared.policy.region import RegionPack
from shared.runtime.context import ServiceContext

FILE = "indicators.yaml"
_STATE = "reporting.catalogue"


@dataclass(frozen=True)
class Catalogue:
    """What one county counts."""

    indicators: Mapping[str, Indicator]
    left_out: Mapping[str, Words]
    """Of what it does not count: the reason."""

    @property
    def entered(self) -> tuple[str, ...]:
        """The codes of the indicators that are entered."""
        return tuple(code for code, one in self.indicators.items() if one.is_entered)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Own(TargetText):
    bands: tuple[BandText, ...] = ()
    """None: met on the target's side, missed (or warned) on the other."""
    citation: Text

    @model_validator(mode="after")
    def _whole(self) -> _Own:
        self.target(self.bands)
        return self


class _LeftOut(_Strict):
    codes: Annotated[tuple[Text, ...], Field(min_length=1)]
    reason: Words


class _File(_Strict):
    left_out: tuple[_LeftOut, ...] = ()
    targets: dict[str, tuple[_Own, ...]] = {}
    """By indicator, by their time; an empty list: it is shown and not judged."""


def read(folder: Traversable, region: RegionPack) -> Catalogue:
    """The catalogue of the county whose pack lies in a folder.

    Raises:
        PackInvalid: with every fault of its ``indicators.yaml``.
    """
    faults: list[Fault] = []
    content = read_file(folder, FILE, faults, required=False)
    told = _File()
    try:
        told = _File.model_validate(content)
    except ValidationError as error:
        for each in error.errors():
            where = ".".join(str(part) for part in each["loc"])
            _note(faults, where, each["type"], each["msg"], f"内容有误：{each['msg']}")
    left_out = _left_out(told, faults)
    for code, targets in told.targets.items():
        _check_code(code, f"targets.{code}", faults)
        if code in left_out:
            _note(
                faults,
                f"targets.{code}",
                "left_out_and_judged",
                "it is left out: remove it from left_out, or its targets",
                "该指标已列入 left_out；请删去其中一处",
            )
        _check_days(f"targets.{code}", targets, faults)
    if faults:
        raise PackInvalid(folder.name, faults)
    by = Words(zh=region.name_zh, en=region.name_en)
    return Catalogue(
        {
            code: replace(one, aims=_aims(told.targets[code], by)) if code in told.targets else one
            for code, one in catalogue().items()
            if code not in left_out
        },
        left_out,
    )


def catalogue_of(context: ServiceContext) -> Catalogue:
    """The county's catalogue, read once and kept with the context.

    Raises:
        PackInvalid: as :func:`read`.
    """
    found = context.state.get(_STATE)
    if not isinstance(found, Catalogue):
        folder = find_pack(
            context.region.pack_id, context.settings.pack_dirs, bundled=BUNDLED_PACKS
        )
        found = context.state[_STATE] = read(folder, context.region)
    return found


def _aims(targets: Sequence[_Own], by: Words) -> tuple[Aim, ...]:
    return tuple(Aim(each.target(each.bands), by, each.citation, own=True) for each in targets)


def _left_out(told: _File, faults: list[Fault]) -> dict[str, Words]:
    found: dict[str, Words] = {}
    for number, each in enumerate(told.left_out):
        for code in each.codes:
            where = f"left_out.{number}.codes"
            _check_code(code, where, faults)
            if code in found:
                _note(faults, where, "repeated", f"{code} stands twice", f"{code} 重复")
            found[code] = each.reason
    return found


def _check_code(code: str, where: str, faults: list[Fault]) -> None:
    if code not in catalogue():
        _note(
            faults,
            where,
            "unknown_indicator",
            f"there is no indicator {code}; GET /reporting/v1/indicators lists them",
            f"没有指标 {code}；请核对代码",
        )


def _check_days(where: str, targets: Sequence[_Own], faults: list[Fault]) -> None:
    """One target after the other: no day between the first and the last without one, none with two."""
    for number, each in enumerate(targets):
        if each.valid_from and each.valid_to and each.valid_to < each.valid_from:
            _note(
                faults,
                f"{where}.{number}",
                "ends_before_start",
                "the target ends before it begins; correct the dates",
                "目标在生效前就结束；请改正日期",
            )
    for number, (one, following) in enumerate(itertools.pairwise(targets), start=1):
        here = f"{where}.{number}"
        last, first = one.valid_to or date.max, following.valid_from or date.min
        if first <= last:
            _note(
                faults,
                here,
                "dates_overlap",
                f"it begins before the one above ends ({one.valid_to or 'open'})",
                f"与上一个目标的日期重叠(上一个到 {one.valid_to or '长期'})",
            )
        elif first > last + timedelta(days=1):
            _note(
                faults,
                here,
                "dates_gap",
                f"no target holds between {last} and {first}; join the dates",
                f"{last} 与 {first} 之间没有目标；请衔接日期",
            )


def _note(faults: list[Fault], where: str, code: str, message: str, message_zh: str) -> None:
    faults.append(Fault(FILE, where or "(file)", code, message, message_zh))
