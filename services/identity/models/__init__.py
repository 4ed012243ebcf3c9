"""Tables of identity, one file per aggregate."""

from services.identity.models.base import METADATA
from services.identity.models.cards import card_keys, cards
from services.identity.models.guesses import guess_alarms, guess_budgets
from services.identity.models.merges import merges
from services.identity.models.persons import (
    households,
    memberships,
    persons,
    reveals,
    source_records,
    value_differences,
)
from services.identity.models.recognitions import provisional_answers, recognitions
from services.identity.models.reviews import (
    judged_pairs,
    person_aliases,
    review_candidates,
    review_decisions,
    review_recognitions,
    review_withdrawals,
    reviews,
)
from services.identity.models.revisions import recognition_revisions
from services.identity.models.rosters import (
    incomplete_households,
    registers,
    roster_imports,
    roster_mappings,
    roster_progress,
    row_faults,
    staged_removals,
    staged_rows,
)
from services.identity.models.weights import match_weights

__all__ = [
    "METADATA",
    "card_keys",
    "cards",
    "guess_alarms",
    "guess_budgets",
    "households",
    "incomplete_households",
    "judged_pairs",
    "match_weights",
    "memberships",
    "merges",
    "person_aliases",
    "persons",
    "provisional_answers",
    "recognition_revisions",
    "recognitions",
    "registers",
    "reveals",
    "review_candidates",
    "review_decisions",
    "review_recognitions",
    "review_withdrawals",
    "reviews",
    "roster_imports",
    "roster_mappings",
    "roster_progress",
    "row_faults",
    "source_records",
    "staged_removals",
    "staged_rows",
    "value_differences",
]
