"""Reading a pack's tiers, with every fault noted.

Each entry of ``tiers`` in ``pack.yaml`` has the keys

``id``, ``order``
    A name of its own, and a whole number that rises from tier to tier.
``payer``
    One of the payers of the quote contract; ``citation``: document and article.
``mode`` (optional)
    ``immediate`` (the usual), ``ex_post`` or ``disabled``; the last two pay nothing now and have
    only ``note``: words, Chinese and English.
``kind``
    How it calculates; the further keys of each kind are below.
``when`` (optional)
    See ``pack_rules``.
``group`` (optional)
    Of the tiers of one group only the first that applies pays.
``follows`` (optional)
    Ids of earlier tiers; this one applies only when one of them did.
``line_kinds`` (optional)
    The tier looks at lines of these kinds alone. Tiers before it must look at kinds within them or
    apart from them, never at the whole bill.
``adjustments`` (optional)
    Tilts: ``target`` (``deductible``, ``ratio``, ``segment_ratio``), ``operation`` (``multiply``;
    for ratios also ``add``, at most 1, and ``at_least``), ``parameter`` (a ratio), ``when``,
    ``citation``. Two of one target that may both hold need ``order``, a whole number each.
``otherwise`` (optional)
    Words that tell why it does not pay, when it is about such visits and illnesses but ``when``
    does not hold.

The kinds (names of parameters unless said otherwise; a *yearly cap* is ``cap`` with
``accumulator``, one of the words of ``year_to_date``):

``deductible_and_ratio``
    ``deductible`` (CNY), ``ratio``, yearly cap: a ratio of the in-scope amount above a deductible.
``pooled_ratio``
    ``ratio``, ``pool`` (CNY), ``basis`` (text, ``cost`` or ``fund``), ``accumulator``: a ratio
    without deductible out of a yearly pool.
``segments_over_year``
    ``deductible`` (CNY), ``segments`` (table of ``above`` and ``ratio``), ``burden`` and
    ``accumulator`` (words of ``year_to_date``): what the year's burden earns beyond what it earned.
``ratio_of_remainder``
    ``ratio``, yearly cap (optional): a ratio of the in-scope amount still left.
``remainder_up_to``
    ``covers`` (``in_scope`` or ``everything``), yearly cap (optional), ``limit`` (CNY, optional)
    with ``limit_basis`` (text, ``case_disease`` or ``person_year``): what is left, up to a limit.
``beyond_patient_cap``
    ``covers``, ``own`` (CNY), ``above`` (CNY) and ``ratio`` (both or neither), ``accumulator``
    (optional): what exceeds the patient's cap ``own`` + ``ratio`` × (in-scope cost − ``above``).
``stated_amount``
    ``covers``: the share that the payer has told for this visit.
``notice``
    ``words``: pays nothing and says so.
"""

from __future__ import annotations

from services.claims.settlement.bill import ACCUMULATORS
from services.claims.settlement.conditions import When
from services.claims.settlement.explanation import PAYER_NAMES
from services.claims.settlement.kinds import (
    CASE_DISEASE,
    EVERYTHING,
    IN_SCOPE,
    PERSON_YEAR,
    BeyondPatientCap,
    DeductibleAndRatio,
    Notice,
    PooledRatio,
    RatioOfRemainder,
    RemainderUpTo,
    SegmentsOverYear,
    StatedAmount,
    YearlyCap,
)
from services.claims.settlement.pack_rules import Names, read_kinds, read_when
from services.claims.settlement.tiers import Adjustment, Tier, TierHead, WaitingTier
from shared.policy.reading import Reader

MAX_TIERS = 100
KINDS = frozenset(
    {
        "deductible_and_ratio",
        "pooled_ratio",
        "segments_over_year",
        "ratio_of_remainder",
        "remainder_up_to",
        "beyond_patient_cap",
        "stated_amount",
        "notice",
    }
)
_MODES = frozenset({"immediate", "ex_post", "disabled"})
_OPERATIONS = {
    "deductible": frozenset({"multiply"}),
    "ratio": frozenset({"add", "at_least", "multiply"}),
    "segment_ratio": frozenset({"add", "at_least", "multiply"}),
}
_ACCUMULATORS = frozenset(ACCUMULATORS)
_COVERS = frozenset({IN_SCOPE, EVERYTHING})


def read_tiers(
    head: Reader, names: Names, plans: dict[str, str]
) -> tuple[tuple[Tier, ...], tuple[WaitingTier, ...]]:
    """The tiers that pay now, in their order, and those that wait."""
    tiers: list[Tier] = []
    waiting: list[WaitingTier] = []
    readers = head.children("tiers")
    if not readers or len(readers) > MAX_TIERS:
        head.fault(
            "tiers",
            "no_tiers",
            f"a pack has 1 to {MAX_TIERS} tiers",
            f"政策包应有 1 至 {MAX_TIERS} 个支付层次",
        )
        return (), ()
    last_order: int | None = None
    seen: set[str] = set()
    for reader in readers:
        with reader.whole():
            tier_id = reader.text("id")
            order = reader.whole_number("order")
            if tier_id in seen:
                reader.fault(
                    "id",
                    "repeated",
                    "another tier has this id; give each its own",
                    "支付层次的 id 重复；每层应有自己的 id",
                )
            if order is not None and last_order is not None and order <= last_order:
                reader.fault(
                    "order",
                    "unordered_tiers",
                    f"the order {order} does not come after {last_order}; number the tiers"
                    " upwards, each once, as they pay",
                    f"序号 {order} 不在 {last_order} 之后；请按支付先后递增编号，不得重复",
                )
            last_order = order if order is not None else last_order
            payer = reader.choice("payer", frozenset(PAYER_NAMES))
            citation = reader.citation()
            mode = reader.choice("mode", _MODES, required=False) or "immediate"
            if mode == "immediate":
                bare = TierHead(tier_id, order or 0, payer, citation, When())
                tier = _tier(reader, names, _head(reader, names, plans, bare, seen))
                if tier is not None:
                    tiers.append(tier)
            else:
                waiting.append(WaitingTier(tier_id, payer, mode, citation, reader.words("note")))
            seen.add(tier_id)
    return tuple(tiers), tuple(waiting)


def _head(
    reader: Reader, names: Names, plans: dict[str, str], bare: TierHead, earlier: set[str]
) -> TierHead:
    follows = reader.texts("follows", required=False)
    for tier_id in follows:
        if tier_id not in earlier:
            reader.fault(
                "follows",
                "unknown_tier",
                f"no earlier tier has the id {tier_id}; correct it or move this tier behind it",
                f"之前没有 id 为 {tier_id} 的层次；请改正，或将本层次移到其后",
            )
    return TierHead(
        bare.id,
        bare.order,
        bare.payer,
        bare.citation,
        read_when(reader, plans),
        _adjustments(reader, names, plans),
        reader.text("group", required=False),
        reader.words("otherwise") if "otherwise" in reader.content else None,
        frozenset(follows),
        read_kinds(reader, "line_kinds", required=False),
    )


def _tier(reader: Reader, names: Names, head: TierHead) -> Tier | None:
    kind, when = reader.choice("kind", KINDS), head.when
    if kind == "deductible_and_ratio":
        return DeductibleAndRatio(
            head,
            names.named(reader, "deductible", "CNY", when),
            names.named(reader, "ratio", "ratio", when),
            _cap(reader, names, required=True),
        )
    if kind == "pooled_ratio":
        return PooledRatio(
            head,
            names.named(reader, "ratio", "ratio", when),
            names.one(reader, "pool", "CNY"),
            names.choice(reader, "basis", frozenset({"cost", "fund"})),
            reader.choice("accumulator", _ACCUMULATORS),
        )
    if kind == "segments_over_year":
        return SegmentsOverYear(
            head,
            names.named(reader, "deductible", "CNY", when),
            names.segments(reader, "segments"),
            reader.choice("burden", _ACCUMULATORS),
            reader.choice("accumulator", _ACCUMULATORS),
        )
    if kind == "ratio_of_remainder":
        return RatioOfRemainder(
            head, names.named(reader, "ratio", "ratio", when), _cap(reader, names)
        )
    if kind == "stated_amount":
        return StatedAmount(head, reader.choice("covers", _COVERS))
    if kind == "notice":
        return Notice(head, reader.words("words"))
    return _up_to(reader, names, head, kind)


def _up_to(reader: Reader, names: Names, head: TierHead, kind: str) -> Tier | None:
    if kind == "remainder_up_to":
        limited = "limit" in reader.content or "limit_basis" in reader.content
        cap = _cap(reader, names)
        basis = frozenset({CASE_DISEASE, PERSON_YEAR})
        tier = RemainderUpTo(
            head,
            reader.choice("covers", _COVERS),
            cap,
            names.one(reader, "limit", "CNY") if limited else "",
            names.choice(reader, "limit_basis", basis) if limited else "",
        )
        if limited and not cap.accumulator:
            reader.fault(
                "accumulator",
                "missing",
                "a limit that may count the person's year needs its accumulator; state it",
                "限额可能按人按年计算，须注明 accumulator;请填写",
            )
        return tier
    if kind == "beyond_patient_cap":
        sloped = "above" in reader.content or "ratio" in reader.content
        return BeyondPatientCap(
            head,
            reader.choice("covers", _COVERS),
            names.named(reader, "own", "CNY", head.when),
            names.named(reader, "above", "CNY", head.when) if sloped else None,
            names.named(reader, "ratio", "ratio", head.when) if sloped else None,
            reader.choice("accumulator", _ACCUMULATORS, required=False),
        )
    return None


def _cap(reader: Reader, names: Names, *, required: bool = False) -> YearlyCap:
    capped = required or "cap" in reader.content
    return YearlyCap(
        names.one(reader, "cap", "CNY") if capped else "",
        reader.choice("accumulator", _ACCUMULATORS, required=capped),
    )


def _adjustments(reader: Reader, names: Names, plans: dict[str, str]) -> tuple[Adjustment, ...]:
    """In their stated order; in that of the list where none is stated."""
    found = [
        _adjustment(child, names, plans) for child in reader.children("adjustments", required=False)
    ]
    return tuple(sorted(found, key=lambda adjustment: adjustment.order))


def _adjustment(reader: Reader, names: Names, plans: dict[str, str]) -> Adjustment:
    with reader.whole():
        target = reader.choice("target", frozenset(_OPERATIONS))
        operation = reader.choice("operation", _OPERATIONS.get(target, frozenset({"multiply"})))
        when = read_when(reader, plans)
        return Adjustment(
            target,
            operation,
            names.named(reader, "parameter", "ratio", when),
            when,
            reader.citation(),
            (reader.whole_number("order") or 0) if "order" in reader.content else 0,
        )
