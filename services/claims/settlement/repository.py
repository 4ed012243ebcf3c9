"""All SQL of the settlements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.claims.models import (
    settlement_cuts,
    settlement_payers,
    settlements,
)
from services.claims.settlement.bill import Line, Standing
from services.claims.settlement.domain import cuts_as_dicts
from services.claims.settlement.lines import LineSplit
from services.claims.settlement.tiers import Cut
from shared.db.direct import DirectWork
from shared.db.session import ReadSession
from shared.money import text_from_fen

# Many rows of one settlement each, as arrays.
_PAYERS = """
INSERT INTO settlement_payers (settlement_id, position, payer, amount_fen)
SELECT $1::uuid, sent.* FROM unnest($2::int[], $3::text[], $4::bigint[]) AS sent
"""
_LINES = """
INSERT INTO settlement_lines
  (settlement_id, line_no, kind, catalogue_class, amount_fen, waived_fen, out_of_catalogue_fen,
   over_limit_fen, self_first_fen, in_scope_fen)
SELECT $1::uuid, sent.* FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
  $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[]) AS sent
"""
_CUTS = """
INSERT INTO settlement_cuts (settlement_id, benefit, cut_fen, cap_fen)
SELECT $1::uuid, sent.* FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS sent
"""


@dataclass(frozen=True)
class Amounts:
    """The sums of a bill in fen; all negative (or zero) in a reversal."""

    total: int
    waived: int
    out_of_catalogue: int
    over_limit: int
    self_first: int
    in_scope: int
    deductible: int
    payers: tuple[tuple[str, int], ...]
    patient_pays: int
    gap: Mapping[str, int]

    def __post_init__(self) -> None:
        """Whatever is written or read back must add up."""
        parts = (
            self.waived + self.out_of_catalogue + self.over_limit + self.self_first + self.in_scope
        )
        shares = sum(amount for _, amount in self.payers) + self.patient_pays
        if not self.total == parts == shares or sum(self.gap.values()) != self.patient_pays:
            raise AssertionError("the amounts of a settlement must add up to its total")

    def negated(self) -> Amounts:
        """Exactly the opposite, payer by payer."""
        return Amounts(
            total=-self.total,
            waived=-self.waived,
            out_of_catalogue=-self.out_of_catalogue,
            over_limit=-self.over_limit,
            self_first=-self.self_first,
            in_scope=-self.in_scope,
            deductible=-self.deductible,
            payers=tuple((payer, -amount) for payer, amount in self.payers),
            patient_pays=-self.patient_pays,
            gap={reason: -amount for reason, amount in self.gap.items()},
        )


@dataclass(frozen=True)
class Stored:
    """A settlement or a reversal as kept."""

    id: UUID
    region: str
    encounter_id: UUID
    kind: str
    ordinal: int
    reverses_id: UUID | None
    supersedes_id: UUID | None
    reversed_by_id: UUID | None
    reason: str | None
    facility_code: str
    facility_level: str
    in_region: bool
    person_id: str | None
    category: str | None
    categories: tuple[str, ...]
    township: str | None
    village: str | None
    visit_type: str
    admitted_on: date
    discharged_on: date
    pack: str
    pack_version: str
    parameters: Mapping[str, Any]
    assumptions: tuple[str, ...]
    explanation: Sequence[Mapping[str, Any]]
    amounts: Amounts
    standing_year: int
    year_place: UUID | None
    """The settlement whose place in the year this one took by a revision."""
    standing_delta: Standing
    cuts: tuple[Cut, ...]
    made_at: datetime
    made_by: str

    @property
    def status(self) -> str:
        if self.kind == "reversal":
            return "reversal"
        return "settled" if self.reversed_by_id is None else "reversed"

    def as_answer(self) -> dict[str, Any]:
        """The HTTP contract's breakdown, with what the record adds to it."""
        amounts = self.amounts
        answer: dict[str, Any] = {
            "pack": self.pack,
            "pack_version": self.pack_version,
            "total": text_from_fen(amounts.total),
            "waived": text_from_fen(amounts.waived),
            "out_of_catalogue": text_from_fen(amounts.out_of_catalogue),
            "over_limit": text_from_fen(amounts.over_limit),
            "self_first": text_from_fen(amounts.self_first),
            "in_scope": text_from_fen(amounts.in_scope),
            "deductible": text_from_fen(amounts.deductible),
            "payers": [
                {"payer": payer, "amount": text_from_fen(amount)}
                for payer, amount in amounts.payers
            ],
            "patient_pays": text_from_fen(amounts.patient_pays),
            "explanation": list(self.explanation),
            "gap": {reason: text_from_fen(amount) for reason, amount in amounts.gap.items()},
            "assumptions": list(self.assumptions),
            "settlement_id": str(self.id),
            "status": self.status,
            "encounter_id": str(self.encounter_id),
            "facility_code": self.facility_code,
            "person_id": self.person_id,
            "category": self.category,
            "admitted_on": self.admitted_on,
            "discharged_on": self.discharged_on,
            "made_at": self.made_at,
        }
        if self.cuts:
            answer["cuts"] = cuts_as_dicts(self.cuts)
        for name, value in (
            ("supersedes", self.supersedes_id),
            ("reverses", self.reverses_id),
            ("reversed_by", self.reversed_by_id),
            ("reason", self.reason),
        ):
            if value is not None:
                answer[name] = str(value)
        return answer


def insert_settlement(
    direct: DirectWork,
    stored: Stored,
    splits: Sequence[LineSplit] = (),
    lines: Sequence[Line] = (),
) -> None:
    """Write a settlement (or a reversal, which has no lines of its own) when all is sent.

    Args:
        direct: of the settlement's transaction.
        stored: the settlement.
        splits: where each line's amount went.
        lines: the lines themselves: their kind and class are kept, for the charges may be
            corrected after a reversal, and a statement must not change by that.
    """
    amounts = stored.amounts
    of_number = {str(line.line_no): line for line in lines}
    row = {
        "id": stored.id,
        "region": stored.region,
        "encounter_id": stored.encounter_id,
        "kind": stored.kind,
        "ordinal": stored.ordinal,
        "reverses_id": stored.reverses_id,
        "supersedes_id": stored.supersedes_id,
        "reason": stored.reason,
        "facility_code": stored.facility_code,
        "facility_level": stored.facility_level,
        "in_region": stored.in_region,
        "person_id": stored.person_id,
        "category": stored.category,
        "categories": list(stored.categories),
        "township": stored.township,
        "village": stored.village,
        "visit_type": stored.visit_type,
        "admitted_on": stored.admitted_on,
        "discharged_on": stored.discharged_on,
        "pack": stored.pack,
        "pack_version": stored.pack_version,
        "parameters": dict(stored.parameters),
        "assumptions": list(stored.assumptions),
        "explanation": [dict(step) for step in stored.explanation],
        "gap": dict(amounts.gap),
        "standing_year": stored.standing_year,
        "year_place": stored.year_place,
        "standing_delta": _delta(stored.standing_delta),
        "total_fen": amounts.total,
        "waived_fen": amounts.waived,
        "out_of_catalogue_fen": amounts.out_of_catalogue,
        "over_limit_fen": amounts.over_limit,
        "self_first_fen": amounts.self_first,
        "in_scope_fen": amounts.in_scope,
        "deductible_fen": amounts.deductible,
        "payers_fen": amounts.total - amounts.patient_pays,
        "patient_pays_fen": amounts.patient_pays,
        "made_at": stored.made_at,
        "made_by": stored.made_by,
    }
    direct.insert(settlements, row)
    payers = amounts.payers
    direct.write(
        _PAYERS,
        stored.id,
        list(range(len(payers))),
        [payer for payer, _ in payers],
        [amount for _, amount in payers],
    )
    if splits:
        settled = [of_number[str(split.line_no)] for split in splits]
        direct.write(
            _LINES,
            stored.id,
            [str(split.line_no) for split in splits],
            [line.kind for line in settled],
            [line.catalogue_class for line in settled],
            [split.amount for split in splits],
            [split.waived for split in splits],
            [split.out_of_catalogue for split in splits],
            [split.over_limit for split in splits],
            [split.self_first for split in splits],
            [split.in_scope for split in splits],
        )
    if stored.cuts:
        direct.write(_CUTS, stored.id, *zip(*_cut_rows(stored), strict=True))


def _cut_rows(stored: Stored) -> list[tuple[str, int, int]]:
    """Benefit, cut and cap: one row for each accumulator, however many tiers move it."""
    rows: dict[str, tuple[int, int]] = {}
    for cut in stored.cuts:
        amount, cap = rows.get(cut.benefit, (0, cut.cap))
        rows[cut.benefit] = (amount + cut.amount, min(cap, cut.cap))
    return [(benefit, amount, cap) for benefit, (amount, cap) in rows.items()]


def _delta(standing: Standing) -> dict[str, int]:
    return {
        benefit: getattr(standing, benefit)
        for benefit in Standing.__dataclass_fields__
        if getattr(standing, benefit)
    }


_reversals = settlements.alias("reversals")
_PAYER_ROWS = (
    select(
        func.coalesce(
            func.jsonb_agg(
                aggregate_order_by(
                    func.jsonb_build_array(
                        settlement_payers.c.payer, settlement_payers.c.amount_fen
                    ),
                    settlement_payers.c.position,
                )
            ),
            text("'[]'::jsonb"),
        )
    )
    .where(settlement_payers.c.settlement_id == settlements.c.id)
    .scalar_subquery()
    .label("payer_rows")
)
_CUT_ROWS = (
    select(
        func.jsonb_agg(
            func.jsonb_build_array(
                settlement_cuts.c.benefit, settlement_cuts.c.cut_fen, settlement_cuts.c.cap_fen
            )
        )
    )
    .where(settlement_cuts.c.settlement_id == settlements.c.id)
    .scalar_subquery()
    .label("cut_rows")
)
_REVERSED_BY = (
    select(_reversals.c.id)
    .where(_reversals.c.reverses_id == settlements.c.id)
    .scalar_subquery()
    .label("reversed_by_id")
)


_SELECT = select(*settlements.c, _PAYER_ROWS, _CUT_ROWS, _REVERSED_BY)


async def get(session: ReadSession, settlement_id: UUID) -> Stored | None:
    """A settlement or a reversal with its payers, in one round trip."""
    found = (await session.execute(_SELECT.where(settlements.c.id == settlement_id))).one_or_none()
    return None if found is None else _kept(found)


async def of_encounter(session: ReadSession, encounter_id: UUID) -> list[Stored]:
    """Every settlement and reversal of a visit, in the order in which they were made."""
    rows = await session.execute(
        _SELECT.where(settlements.c.encounter_id == encounter_id).order_by(settlements.c.id)
    )
    return [_kept(row) for row in rows]


async def made_since(
    session: ReadSession, *, region: str, facility_code: str | None, since: datetime, limit: int
) -> list[Stored]:
    """Settlements made since a moment and not reversed, the newest first."""
    reversal = _reversals.c.reverses_id
    statement = _SELECT.where(
        settlements.c.region == region,
        settlements.c.kind == "settlement",
        settlements.c.made_at >= since,
        ~select(reversal).where(reversal == settlements.c.id).exists(),
    )
    if facility_code is not None:
        statement = statement.where(settlements.c.facility_code == facility_code)
    rows = await session.execute(statement.order_by(settlements.c.made_at.desc()).limit(limit))
    return [_kept(row) for row in rows]


def _kept(found: Row[*tuple[Any, ...]]) -> Stored:
    row = found._mapping  # noqa: SLF001 - SQLAlchemy's public accessor
    return Stored(
        id=row["id"],
        region=row["region"],
        encounter_id=row["encounter_id"],
        kind=row["kind"],
        ordinal=row["ordinal"],
        reverses_id=row["reverses_id"],
        supersedes_id=row["supersedes_id"],
        reversed_by_id=row["reversed_by_id"],
        reason=row["reason"],
        facility_code=row["facility_code"],
        facility_level=row["facility_level"],
        in_region=row["in_region"],
        person_id=row["person_id"],
        category=row["category"],
        categories=tuple(row["categories"]),
        township=row["township"],
        village=row["village"],
        visit_type=row["visit_type"],
        admitted_on=row["admitted_on"],
        discharged_on=row["discharged_on"],
        pack=row["pack"],
        pack_version=row["pack_version"],
        parameters=row["parameters"],
        assumptions=tuple(row["assumptions"]),
        explanation=row["explanation"],
        amounts=Amounts(
            total=row["total_fen"],
            waived=row["waived_fen"],
            out_of_catalogue=row["out_of_catalogue_fen"],
            over_limit=row["over_limit_fen"],
            self_first=row["self_first_fen"],
            in_scope=row["in_scope_fen"],
            deductible=row["deductible_fen"],
            payers=tuple((payer, amount) for payer, amount in row["payer_rows"]),
            patient_pays=row["patient_pays_fen"],
            gap=row["gap"],
        ),
        standing_year=row["standing_year"],
        year_place=row["year_place"],
        standing_delta=Standing(**row["standing_delta"]),
        cuts=tuple(Cut(benefit, cut, cap) for benefit, cut, cap in row["cut_rows"] or ()),
        made_at=row["made_at"],
        made_by=row["made_by"],
    )
