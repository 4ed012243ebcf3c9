"""The encounter's state machine, walked at random: what is guarded stays guarded on every path."""

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.claims.encounters.domain import (
    TRANSITIONS,
    Action,
    Status,
    TransitionNotAllowed,
    after,
)

ACTIONS: tuple[Action, ...] = (
    "charge",
    "withdraw_charges",
    "discharge",
    "settle",
    "reverse",
    "cancel",
)


class VisitLife(RuleBasedStateMachine):
    """Any order of actions. Beside the machine a model counts what a visit's life must obey."""

    def __init__(self) -> None:
        super().__init__()
        self.status: Status = "open"
        self.gone_home = 0
        self.settled = 0
        self.reversed = 0
        self.cancelled = 0

    @rule(action=st.sampled_from(ACTIONS))
    def act(self, action: Action) -> None:
        before = self.status
        if (before, action) not in TRANSITIONS:
            with pytest.raises(TransitionNotAllowed):
                after(before, action)
            return
        self.status = after(before, action)
        self.gone_home += action == "discharge"
        self.settled += action == "settle"
        self.reversed += action == "reverse"
        self.cancelled += action == "cancel"
        if action in {"charge", "withdraw_charges"}:
            assert before in {"open", "charging", "discharged"}

    @precondition(lambda self: self.status == "settled")
    @rule(action=st.sampled_from([a for a in ACTIONS if a != "reverse"]))
    def nothing_but_a_reversal_moves_what_is_settled(self, action: Action) -> None:
        with pytest.raises(TransitionNotAllowed):
            after(self.status, action)

    @invariant()
    def home_at_most_once_settled_once_over_for_good(self) -> None:
        assert self.gone_home <= 1
        assert self.cancelled <= 1
        assert self.settled - self.reversed == (self.status == "settled")
        assert self.settled == 0 or self.gone_home == 1
        assert (self.status == "cancelled") == (self.cancelled == 1)


VisitLife.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestVisitLife: Any = VisitLife.TestCase
