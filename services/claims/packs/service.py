"""The packs at hand: loaded once per process, shown with every parameter and its source."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

from services.claims.calculation_refused import PackIsUnknown
from services.claims.packs import repository
from services.claims.settlement.packs import load_pack_folder
from services.claims.settlement.problems import AssumptionUnconfirmed
from services.claims.settlement.tiers import SettlementPack
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import FieldFault, NotFound, Problem, Unprocessable
from shared.money import text_from_fen
from shared.policy.errors import PackInvalid, PackUnknown
from shared.policy.folders import MemoryFolder, find_pack, pack_folders, yaml_files
from shared.policy.parameters import Parameter
from shared.policy.values import Value
from shared.runtime.context import ServiceContext

_CACHE = "claims.packs"
_KEPT = "claims.packs.kept"
_GATE = "claims.packs.gate"
MAX_SENT_BYTES = 500_000
"""A shipped pack has some 30,000; reading this much takes about a second."""
MAX_FAULTS = 50
MAX_VERSIONS = 100


class PackNotFound(NotFound):
    code = "unknown_pack"
    title = "There is no policy pack of this name"
    title_zh = "没有这个政策包"


class PackVersionNotFound(NotFound):
    code = "unknown_pack_version"
    title = "No bill was settled by this version of the pack"
    title_zh = "没有按该版本政策包结算的记录"


class PackTooLarge(Unprocessable):
    code = "pack_too_large"
    title = "The pack's files are too large together"
    title_zh = "政策包文件总量过大"


class PackIsInvalid(Unprocessable):
    code = "pack_invalid"
    title = "The policy pack cannot be loaded"
    title_zh = "政策包无法加载"

    def __init__(self, invalid: PackInvalid) -> None:
        super().__init__(
            "correct the pack's files, then restart the service",
            errors=[
                FieldFault(
                    f"{fault.file}:{fault.where}", fault.code, fault.message, fault.message_zh
                )
                for fault in invalid.faults[:MAX_FAULTS]
            ],
        )


@dataclass(frozen=True)
class _Loaded:
    """A pack with the files it was read from; ``refused``: why nothing may be calculated by it."""

    pack: SettlementPack | None
    files: Mapping[str, bytes]
    refused: PackInvalid | None = None


def _loaded(context: ServiceContext, pack_id: str) -> _Loaded:
    """A pack at hand, read when first asked for: what is kept is what was calculated with."""
    cache: dict[str, _Loaded] = context.state.setdefault(_CACHE, {})
    found = cache.get(pack_id)
    if found is None:
        try:
            files = yaml_files(find_pack(pack_id, context.settings.pack_dirs))
        except PackUnknown as unknown:
            raise PackIsUnknown(unknown) from unknown
        folder = MemoryFolder(pack_id, files)
        pack = None
        try:
            pack = load_pack_folder(folder)
            if context.settings.production:
                load_pack_folder(folder, production=True)
            found = _Loaded(pack, files)
        except PackInvalid as invalid:
            found = _Loaded(pack, files, invalid)
        cache[pack_id] = found
    return found


def pack_of(context: ServiceContext, pack_id: str) -> SettlementPack:
    """A pack to calculate by; in production without an unconfirmed assumption.

    Raises:
        PackIsUnknown, PackIsInvalid, AssumptionUnconfirmed: it cannot be used.
    """
    found = _loaded(context, pack_id)
    if found.refused is not None:
        raise _refusal(found.refused) from found.refused
    if found.pack is None:
        raise AssertionError("a pack that is not refused was loaded")
    return found.pack


def plans_in_force(context: ServiceContext) -> Mapping[str, str]:
    """The words for insurance plans of the region's pack; no assumption touches them.

    Raises:
        PackIsUnknown, PackIsInvalid: there is no such pack.
    """
    found = _loaded(context, context.region.pack_id)
    if found.pack is not None:
        return found.pack.plans
    return pack_in_force(context).plans


def _refusal(invalid: PackInvalid) -> Problem:
    if any(fault.code != AssumptionUnconfirmed.code for fault in invalid.faults):
        return PackIsInvalid(invalid)
    return AssumptionUnconfirmed(
        "in production a pack is used once every assumed value is confirmed in the pack's files",
        errors=[
            FieldFault(f"parameters.{fault.where}", fault.code, fault.message, fault.message_zh)
            for fault in invalid.faults[:MAX_FAULTS]
        ],
    )


def pack_in_force(context: ServiceContext) -> SettlementPack:
    """The pack of the region, by which bills are settled."""
    return pack_of(context, context.region.pack_id)


def listed(context: ServiceContext) -> list[SettlementPack | Problem]:
    """Every pack at hand, by id; one that cannot be used says why."""
    return [found for _, found in listed_by_id(context)]


def listed_by_id(context: ServiceContext) -> list[tuple[str, SettlementPack | Problem]]:
    """Every pack at hand with its id; one that cannot be used says why."""
    found: list[tuple[str, SettlementPack | Problem]] = []
    for pack_id in sorted(pack_folders(context.settings.pack_dirs)):
        try:
            found.append((pack_id, pack_of(context, pack_id)))
        except (PackIsInvalid, AssumptionUnconfirmed) as refused:
            found.append((pack_id, refused))
    return found


def readable(context: ServiceContext, pack_id: str) -> tuple[SettlementPack, Problem | None]:
    """A pack to read, and why production does not calculate by it yet, if so.

    Raises:
        PackNotFound, PackIsInvalid: there is nothing to read.
    """
    try:
        found = _loaded(context, pack_id)
    except PackIsUnknown as unknown:
        raise PackNotFound(unknown.detail) from unknown
    if found.pack is None:
        return pack_of(context, pack_id), None
    return found.pack, _refusal(found.refused) if found.refused is not None else None


def is_kept(context: ServiceContext) -> bool:
    """Whether this process knows the pack in force to be kept, by a transaction that has ended."""
    known = _known(context)
    return bool(known) and pack_in_force(context).version in known


def _known(context: ServiceContext) -> set[str]:
    known: set[str] = context.state.setdefault(_KEPT, set())
    return known


async def keep_in_force(session: WriteSession, context: ServiceContext) -> None:
    """Keep the pack by which a bill is being settled, in the settlement's own transaction."""
    pack = pack_in_force(context)
    if pack.version in _known(context):
        return
    files = _loaded(context, pack.pack_id).files
    # Whatever the rules read is sound text; a stray byte in another file must not stop a patient.
    texts = {
        name: content.decode("utf-8", "replace").replace("\0", "\ufffd")
        for name, content in files.items()
    }
    if not await repository.keep(session, pack.pack_id, pack.version, texts, context.clock.now()):
        _known(context).add(pack.version)  # it was there: somebody's transaction has ended


async def version_of(session: ReadSession, pack_id: str, version: str) -> SettlementPack:
    """A pack as it was when bills were settled by it, whatever its files say today.

    Raises:
        PackVersionNotFound: no bill was settled by such a version.
    """
    files = await repository.files_of(session, pack_id, version)
    if files is None:
        raise PackVersionNotFound
    folder = MemoryFolder(pack_id, {name: text.encode("utf-8") for name, text in files.items()})
    try:
        return replace(load_pack_folder(folder), version=version)
    except PackInvalid as invalid:
        raise PackIsInvalid(invalid) from invalid


async def versions(session: ReadSession, pack_id: str) -> list[repository.KeptVersion]:
    """The versions of a pack by which bills were settled, the newest first."""
    return await repository.versions_of(session, pack_id, limit=MAX_VERSIONS)


def folder_to_judge(
    context: ServiceContext, pack_id: str, files: Mapping[str, str] | None
) -> Traversable:
    """The files sent, as a folder of that name in memory; without files, the pack at hand.

    Raises:
        PackIsUnknown, PackTooLarge.
    """
    if files is None:
        try:
            return find_pack(pack_id, context.settings.pack_dirs)
        except PackUnknown as unknown:
            raise PackIsUnknown(unknown) from unknown
    contents = {name: text.encode("utf-8", "replace") for name, text in files.items()}
    if sum(map(len, contents.values())) > MAX_SENT_BYTES:
        raise PackTooLarge(
            f"a pack sent for validation has at most {MAX_SENT_BYTES} bytes; shorten it, or use"
            " yizhan packs validate on the server",
            errors=[
                FieldFault(
                    "files",
                    PackTooLarge.code,
                    f"send at most {MAX_SENT_BYTES} bytes in all",
                    f"合计不得超过 {MAX_SENT_BYTES} 字节",
                )
            ],
        )
    return MemoryFolder(pack_id, contents)


def one_at_a_time(context: ServiceContext) -> asyncio.Semaphore:
    """Judging a pack is work for the processor: a process does one after the other."""
    gate: asyncio.Semaphore = context.state.setdefault(_GATE, asyncio.Semaphore(1))
    return gate


def written(parameter: Parameter, value: Value) -> Any:
    """A value as it is written in the pack: amounts in CNY, ratios as decimal strings."""
    if isinstance(value, tuple):
        columns = parameter.shape.columns
        return [
            {name: _scalar(columns.get(name, "text"), cell) for name, cell in row.items()}
            for row in value
        ]
    if isinstance(value, frozenset):
        return sorted(value)
    return None if value is None else _scalar(parameter.unit, value)


def _scalar(unit: str, value: int | Decimal | str) -> str:
    return text_from_fen(int(value)) if unit == "CNY" else str(value)


def parameters_on(pack: SettlementPack, day: date) -> Mapping[str, Any]:
    """The pack's values of one day, as written; kept with every settlement."""
    # A tenth of a settlement's time went into writing the same values again. The version is a hash
    # of the pack's content.
    key = (pack.pack_id, pack.version, day)
    found = _WRITTEN.get(key)
    if found is None:
        if len(_WRITTEN) >= _MOST_WRITTEN:
            _WRITTEN.clear()
        found = _WRITTEN[key] = MappingProxyType(_parameters_on(pack, day))
    return found


_MOST_WRITTEN = 1_000
_WRITTEN: dict[tuple[str, str, date], Mapping[str, Any]] = {}


def _parameters_on(pack: SettlementPack, day: date) -> dict[str, Any]:
    return {
        name: written(parameter, parameter.value_at(day))
        for name, parameter in pack.parameters.by_name.items()
    }
