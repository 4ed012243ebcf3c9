"""Who shows a registered number: its holder, or a relative of his who is on no register.

No roster knows borrowers, but the questions do: a borrower's name and birth date are another's, both
of them and again and again. EM tells the two apart among questions asked before, without anybody's
verdict; the fields are taken as independent for each of them. What a holder tells of himself is
learned beside it, for here number and name are often read from one card: a name that is wholly
another's is rarer then than among all questions (``Weights.m``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from services.identity.matching.learning import Table, rounded_table
from services.identity.matching.model import BIRTH, LENT_BITS, NAME, SEX
from services.identity.matching.scoring import Lending, Weights, rounded

FIELDS = (NAME, BIRTH, SEX)
"""What tells a borrower from the holder; the place and the telephone are the family's."""
LEAST_QUESTIONS = 10_000
"""Below this the agreed share stays in force."""
MOST_QUESTIONS = 200_000
"""The latest are learned from."""
_OWN_WORTH, _LENT_WORTH = 200.0, 20.0
"""How many questions of holders, and of borrowers, the belief before is worth."""
_MOST_ROUNDS = 500
_SETTLED = 1e-7

Shown = tuple[str | None, ...]
"""The levels of ``FIELDS`` between a question that shows a registered number and its holder."""


def believed(weights: Weights) -> Lending:
    """Before any question: the agreed share, and what relatives share on the roster."""
    odds = 2.0**LENT_BITS
    return Lending(
        share=odds / (1 + odds),
        own={name: weights.m[name] for name in FIELDS},
        lent={name: weights.kin[name] for name in FIELDS},
    )


def learn_lending(shown: Mapping[Shown, int], weights: Weights) -> Lending | None:
    """Learn from questions; the same questions in any order give the same figures.

    Args:
        shown: how many questions had each pattern of levels.
        weights: those of the roster.

    Returns:
        None when there are too few questions to learn from.
    """
    before = believed(weights)
    telling = sorted(
        (
            (tuple(zip(FIELDS, levels, strict=True)), count)
            for levels, count in shown.items()
            if any(levels) and _known(levels, before)
        ),
        key=repr,
    )
    asked = sum(count for _, count in telling)
    if asked < LEAST_QUESTIONS:
        return None
    share, own, lent = before.share, before.own, before.lent
    for _ in range(_MOST_ROUNDS):
        owned = _worth(before.own, _OWN_WORTH)
        borrowed = _worth(before.lent, _LENT_WORTH)
        borrowers = before.share * _OWN_WORTH
        for pattern, count in telling:
            odds = share / (1 - share)
            for name, level in pattern:
                if level is not None:
                    odds *= lent[name][level] / own[name][level]
            expected = count * odds / (1 + odds)
            borrowers += expected
            for name, level in pattern:
                if level is not None:
                    borrowed[name][level] += expected
                    owned[name][level] += count - expected
        found = borrowers / (asked + _OWN_WORTH)
        own, lent = _shares(owned), _shares(borrowed)
        settled = math.isclose(found, share, rel_tol=_SETTLED)
        share = found
        if settled:
            break
    return Lending(rounded(share), rounded_table(own), rounded_table(lent))


def _known(levels: Shown, before: Lending) -> bool:
    return all(
        level is None or level in before.own[name]
        for name, level in zip(FIELDS, levels, strict=True)
    )


def _worth(table: Mapping[str, Mapping[str, float]], questions: float) -> Table:
    return {
        name: {str(level): share * questions for level, share in levels.items()}
        for name, levels in table.items()
    }


def _shares(counts: Table) -> Table:
    return {
        name: {level: count / sum(levels.values()) for level, count in levels.items()}
        for name, levels in counts.items()
    }
