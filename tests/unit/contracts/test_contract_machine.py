"""The states of a contract: random walks through the guarded machine, and the programme's data."""

from datetime import date
from typing import Any, get_args

import pytest
import yaml
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from pydantic import ValidationError

from services.contracts.contracts.domain import (
    CLOSED,
    IN_FORCE,
    OPEN,
    Stage,
    Step,
    StepNotAllowed,
    after,
    last_day,
    possible,
    state_on,
)
from services.contracts.plans.rulebook import rulebook
from services.contracts.programme.domain import Programme
from services.contracts.programme.service import DEFAULTS, REGION_FILE, load
from shared.policy.folders import BUNDLED_PACKS
from shared.policy.region import load_region


def _target(**changes: Any) -> dict[str, Any]:
    good = {
        "reasons": ["treatment"],
        "from_levels": ["township"],
        "facilities": ["H1"],
        "citation": "X",
    }
    return good | changes


STEPS: tuple[Step, ...] = get_args(Step)


class Walk(RuleBasedStateMachine):
    """Goal: no walk leaves the machine's promises. Method: any step at any time; a refused one
    changes nothing, and what was promised of the stages holds after each."""

    def __init__(self) -> None:
        super().__init__()
        self.stage: Stage | None = None
        self.path: list[Step] = []

    @rule(step=st.sampled_from(STEPS))
    def any_step(self, step: Step) -> None:
        before = self.stage
        if step not in possible(before):
            with pytest.raises(StepNotAllowed):
                after(before, step)
            return
        assert before not in CLOSED or step == "reinstate"
        self.stage = after(before, step)
        self.path.append(step)

    @precondition(lambda self: possible(self.stage))
    @rule(data=st.data())
    def possible_step(self, data: st.DataObject) -> None:
        step = data.draw(st.sampled_from(possible(self.stage)))
        self.stage = after(self.stage, step)
        self.path.append(step)

    @invariant()
    def only_what_was_signed_is_in_force(self) -> None:
        signed = "sign" in self.path
        assert (self.stage in IN_FORCE) <= signed
        assert (self.stage in OPEN or self.stage in ("refused", "withdrawn")) <= (not signed)

    @invariant()
    def a_contract_is_signed_once(self) -> None:
        assert self.path.count("sign") <= 1
        assert self.path.count("terminate") - self.path.count("reinstate") in (0, 1)


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=60, stateful_step_count=20)


def test_every_stage_is_reached_and_the_final_ones_are_final() -> None:
    """Goal: the machine is the one that is written down. Method: all that can be reached."""
    reached: set[Stage] = set()
    waiting: list[Stage | None] = [None]
    while waiting:
        at = waiting.pop()
        for step in possible(at):
            stage = after(at, step)
            if stage not in reached:
                reached.add(stage)
                waiting.append(stage)
    assert reached == set(get_args(Stage))
    assert {stage for stage in reached if not possible(stage)} == {
        "transferred", "refused", "withdrawn",
    }  # fmt: skip
    assert possible("ended") == ("reinstate",)


@pytest.mark.parametrize(
    ("stage", "renewals", "ended_on", "day", "state"),
    [
        ("signed", 0, None, date(2016, 12, 31), "signed"),
        ("signed", 0, None, date(2017, 1, 1), "expired"),
        ("renewed", 1, None, date(2016, 12, 31), "renewed"),
        ("ended", 1, date(2016, 6, 1), date(2016, 5, 31), "renewed"),
        ("ended", 0, date(2016, 6, 1), date(2016, 6, 1), "ended"),
        ("transferred", 0, date(2016, 6, 1), date(2016, 5, 31), "signed"),
        ("transferred", 0, date(2016, 6, 1), date(2016, 6, 1), "transferred"),
    ],
)
def test_the_state_on_a_day(
    stage: Stage, renewals: int, ended_on: date | None, day: date, state: str
) -> None:
    """Goal: an end or transfer counts from its day. Method: the days around it."""
    told = state_on(
        day, valid_to=date(2016, 12, 31), ended_on=ended_on, stage=stage, renewals=renewals
    )
    assert told == state
    assert state_on(day, valid_to=None, ended_on=None, stage="invited") == "invited"


@pytest.mark.parametrize(
    ("valid_to", "ended_on", "last"),
    [
        (date(2016, 12, 31), None, date(2016, 12, 31)),
        (date(2016, 12, 31), date(2016, 6, 1), date(2016, 5, 31)),
        (date(2016, 12, 31), date(2017, 3, 1), date(2016, 12, 31)),
        (None, date(2016, 6, 1), date(2016, 5, 31)),
        (None, None, None),
        # Ended on its first day: it held on none, and is shown with that one.
        (date(2016, 12, 31), date(2016, 1, 1), date(2016, 1, 1)),
    ],
)
def test_the_last_day_is_the_one_before_the_end(
    valid_to: date | None, ended_on: date | None, last: date | None
) -> None:
    """Goal: one last day on every page and paper. Method: an end before, after and on the first."""
    assert last_day(date(2016, 1, 1), valid_to, ended_on) == last


class TestProgramme:
    @pytest.mark.parametrize(
        ("pack", "absent"),
        [
            ("jinkouhe-2016", ("yearly_check_up",)),
            ("liangping-2019", ("yearly_check_up",)),
            ("xinbin-2018", ()),
        ],
    )
    def test_the_free_check_up_is_one_county_s_promise(
        self, pack: str, absent: tuple[str, ...]
    ) -> None:
        """Goal: XB-22 and the eight yuan of XB-21 bind nobody who did not promise them, in tasks,
        packages and on the card; the rest of the programme stays. Method: the packs as they are
        shipped; what they take away is a programme that is known."""
        programme, defaults = load(BUNDLED_PACKS / pack / REGION_FILE), load()
        assert programme.not_offered == absent
        assert set(absent) <= rulebook().programmes.keys()
        promised = {item.code for item in programme.promised(programme.packages["basic"])}
        assert ("check_up" in promised) == (not absent)
        assert ("8元" in programme.policy.zh) == ("免费健康体检" in programme.policy.zh)
        assert ("8元" in programme.policy.zh) == (not absent)
        assert bool(programme.referral_targets) == (pack == "xinbin-2018")
        assert (programme.late_entry is not None) == (pack == "xinbin-2018")
        own = ("not_offered", "policy", "referral_targets", "late_entry")
        shipped = {name: getattr(defaults, name) for name in own}
        assert programme.model_copy(update=shipped) == defaults

    def test_where_one_county_s_plan_has_patients_referred(self) -> None:
        """Goal: XB-09's three hospitals, XB-10's one, by level, reason and disease, and institutions
        that the pack has. Method: each of them turned by one step."""
        folder = BUNDLED_PACKS / "xinbin-2018"
        programme, region = load(folder / REGION_FILE), load_region("xinbin-2018")
        people_s, three = "H21042200101", ("H21042200101", "H21042200102", "H21042200103")

        def to(reason: str, level: str, *diagnoses: str) -> tuple[tuple[str, ...], ...]:
            named = programme.diseases_named(diagnoses)
            return tuple(t.facilities for t in programme.referral_targets_for(reason, level, named))

        assert to("treatment", "township", "C16.900") == (three,)
        assert to("severe_found", "village", "I10", "H26.9") == (three,)
        assert to("diagnosis", "township") == to("diagnosis", "village", "C16") == ((people_s,),)
        assert to("treatment", "township", "I10") == to("treatment", "township") == ()
        assert to("treatment", "secondary", "C16") == to("diagnosis", "secondary") == ()
        assert to("emergency", "township", "C16") == ()
        for code in three:
            facility = region.facility(code)
            assert facility is not None
            assert (facility.facility_level, facility.in_region) == ("secondary", True)

    def test_the_lists_have_the_size_that_their_documents_say(self) -> None:
        """Goal: 14, 34 and 4 diseases; only refusal and absence leave LP-32's denominator."""
        programme = load()
        assert {code: len(b.diseases) for code, b in programme.batches.items()} == {
            "major_14": 14,
            "serious_34": 34,
            "chronic_4": 4,
        }
        assert programme.batches_of("tuberculosis") == ("serious_34", "chronic_4")
        outside = set(programme.outside_denominator())
        assert {"refused", "long_absence", "temporary_absence"} <= outside
        assert not {"died", "moved_away", "lost_contact", "duplicate"} & outside
        assert programme.exempt_reasons["unreachable"].last_day(date(2016, 3, 1)) == date(
            2016, 3, 30
        )
        assert programme.exempt_reasons["died"].last_day(date(2016, 3, 1)) is None
        assert programme.reason_of_leaving("died") == "died"
        assert (
            programme.reason_of_leaving(None) == programme.reason_of_leaving("x") == "left_roster"
        )

    @pytest.mark.parametrize(
        ("section", "change", "told"),
        [
            ("batches", lambda c: c["major_14"]["diseases"].pop(), "14"),
            ("batches", lambda c: c["major_14"]["diseases"].append("plague"), "plague"),
            ("diseases", lambda c: c["hypertension"].pop("chronic_four"), "chronic_four"),
            ("exempt_reasons", lambda c: c.pop("refused"), "refused"),
            ("referral_targets", lambda c: c.append(_target(reasons=["acute_recovery"])), "acute"),
            ("referral_targets", lambda c: c.append(_target(from_levels=["city"])), "city"),
            ("referral_targets", lambda c: c.append(_target(batch="major_15")), "major_15"),
            ("referral_targets", lambda c: c.append(_target(facilities=[])), "facilities"),
        ],
    )
    def test_content_that_contradicts_itself_is_refused(
        self, section: str, change: Any, told: str
    ) -> None:
        """Goal: a county's slip is found when it is read. Method: one slip at a time."""
        content = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
        change(content[section])
        with pytest.raises(ValidationError, match=told):
            Programme.model_validate(content)
