"""What every screen of a service keeps to, whatever stands on it."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest
from fastapi.routing import APIRoute

from services.claims.clearing.domain import Status as RunStatus
from services.claims.clearing.domain import StepName
from services.claims.encounters.domain import Status as CaseStatus
from services.claims.module import MODULE as CLAIMS
from services.claims.monitoring.case import Status as FlagStatus
from services.claims.monitoring.case import StepName as FlagStep
from services.claims.screens import kit as claims_kit
from services.claims.screens.budget_texts import BUDGETS, DRG
from services.claims.screens.case_texts import CASE
from services.claims.screens.money_texts import CLEARING, FUNDS
from services.claims.screens.monitoring_texts import MONITORING
from services.claims.screens.pack_texts import PACKS
from services.claims.screens.reconciliation_texts import RECONCILIATION
from services.claims.screens.simulation_texts import SIMULATIONS
from services.claims.screens.texts import BILL
from services.claims.screens.texts import TEXTS as CLAIMS_TEXTS
from services.claims.screens.window_texts import WINDOW as CLAIMS_WINDOW
from services.claims.screens.words import (
    BILL_PARTS,
    CASE_STATUSES,
    CATALOGUE_CLASSES,
    LEVELS,
    LINE_KINDS,
    PAYERS,
    PROGRAMMES,
    REASONS,
    WORDS,
)
from services.claims.settlement import bill
from services.claims.settlement.explanation import PAYER_NAMES
from services.contracts.contracts.domain import State, Step
from services.contracts.control.schemas import GroupBy
from services.contracts.diseases.domain import CaseState
from services.contracts.follow_up.domain import Way
from services.contracts.follow_up.forms import forms
from services.contracts.module import MODULE as CONTRACTS
from services.contracts.overdue.domain import STATES
from services.contracts.plans.domain import TaskPhase
from services.contracts.plausibility.case import Status as VisitFlagStatus
from services.contracts.plausibility.case import StepName as VisitFlagStep
from services.contracts.plausibility.domain import KNOWN_RULES
from services.contracts.referrals.domain import Direction, Priority, StateOnDay
from services.contracts.screens import kit as contracts_kit
from services.contracts.screens.acts import ACTS
from services.contracts.screens.person_texts import PERSON
from services.contracts.screens.record_texts import RECORD
from services.contracts.screens.sheet_texts import BALANCE, FEES, TABS
from services.contracts.screens.supervision_texts import (
    FLAGS,
    IMPORTS,
    MEMBERS,
    OVERDUE,
    REFERRALS,
    REGISTERS,
    TEAMS,
)
from services.contracts.screens.texts import TEXTS as CONTRACTS_TEXTS
from services.contracts.screens.today_texts import TODAY, VISIT
from services.contracts.screens.words import WORDS as CONTRACTS_WORDS
from services.identity.module import MODULE as IDENTITY
from services.identity.reviews.domain import Outcome, Status
from services.identity.roster.schemas import RosterMode, RosterSource, RosterStatus
from services.identity.screens import kit as identity_kit
from services.identity.screens.alarms_texts import ALARMS
from services.identity.screens.persons_texts import PERSONS
from services.identity.screens.reviews_texts import REVIEWS
from services.identity.screens.rosters_texts import BATCH, ROSTERS
from services.identity.screens.texts import SHARED
from services.identity.screens.texts import TEXTS as IDENTITY_TEXTS
from services.identity.screens.window_texts import WINDOW
from services.reporting.module import MODULE as REPORTING
from services.reporting.screens import kit as reporting_kit
from services.reporting.screens.assessments_texts import ASSESSMENTS
from services.reporting.screens.close_texts import CLOSES
from services.reporting.screens.figure_texts import FIGURES
from services.reporting.screens.register_texts import REGISTER
from services.reporting.screens.standards_texts import STANDARDS
from services.reporting.screens.texts import TEXTS as REPORTING_TEXTS
from shared.runtime.context import ServiceModule
from shared.web.assets import STATIC_FOLDER as SHARED_STATIC
from shared.web.kit_texts import KIT
from shared.web.language import COMMON
from shared.web.screens import TEMPLATES as SHARED_TEMPLATES

Catalogue = dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Service:
    """A service with screens."""

    module: ServiceModule
    folder: Path
    texts: Catalogue
    catalogues: tuple[Catalogue, ...]
    addressed: frozenset[str]
    """Fields that its forms may write into an address."""

    @property
    def known(self) -> Catalogue:
        return {**COMMON, **KIT, **self.texts}

    @property
    def templates(self) -> list[Path]:
        shared = [SHARED_TEMPLATES / name for name in ("page.html", "problem.html", "_forms.html")]
        return [*sorted((self.folder / "templates").glob("*.html")), *shared]


SERVICES = {
    "identity": Service(
        IDENTITY, identity_kit.HERE, IDENTITY_TEXTS,
        (COMMON, KIT, SHARED, WINDOW, REVIEWS, ROSTERS, PERSONS, BATCH, ALARMS),
        frozenset({"as_of", "known_on", "township"}),
    ),
    "claims": Service(
        CLAIMS, claims_kit.HERE, CLAIMS_TEXTS,
        (COMMON, KIT, WORDS, BILL, CLAIMS_WINDOW, CASE, PACKS, FUNDS, CLEARING, RECONCILIATION,
         SIMULATIONS, MONITORING, BUDGETS, DRG),
        frozenset({"as_of", "status", "rule", "facility"}),
    ),
    "contracts": Service(
        CONTRACTS, contracts_kit.HERE, CONTRACTS_TEXTS,
        (COMMON, KIT, CONTRACTS_WORDS, TABS, TODAY, VISIT, PERSON, RECORD, BALANCE, FEES, TEAMS, REGISTERS,
         REFERRALS, IMPORTS, OVERDUE, FLAGS, MEMBERS),
        frozenset({"team", "village", "date", "area", "month", "period", "programme", "by", "later"}),
    ),
    "reporting": Service(
        REPORTING, reporting_kit.HERE, REPORTING_TEXTS,
        (COMMON, KIT, CLOSES, REGISTER, STANDARDS, ASSESSMENTS, FIGURES),
        frozenset({"as_of", "township", "period", "area", "threshold"}),
    ),
}  # fmt: skip
_KEY = re.compile(r"""\bt\(\s*["']([\w.]+)["']\s*[,)]""")
_CODES = {
    "rosters.status.": RosterStatus,
    "rosters.mode.": RosterMode,
    "source.": RosterSource,
    "reviews.status.": Status,
    "reviews.outcome.": Outcome,
}

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())
each_template = pytest.mark.parametrize(
    ("service", "template"),
    [(service, path) for service in SERVICES.values() for path in service.templates],
    ids=lambda value: value.name if isinstance(value, Path) else value.module.name,
)


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@each_service
def test_every_text_has_both_languages_and_the_same_places(service: Service) -> None:
    """Goal: no half-told screen. Method: every pair; its placeholders must agree."""
    for key, (chinese, english) in service.known.items():
        assert chinese.strip(), key
        assert english.strip(), key
        assert places(chinese) == places(english), key


@each_service
def test_no_two_screens_write_one_text(service: Service) -> None:
    """Goal: a change on one screen changes no other. Method: keys of all catalogues together."""
    assert len(service.known) == sum(len(catalogue) for catalogue in service.catalogues)


@each_template
def test_a_template_keeps_to_the_policy(service: Service, template: Path) -> None:
    """Goal: no inline script or style, every form with its token, every key with its text. Method:
    read the template."""
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\bsrc=)|https?://", text)
    posts = re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL)
    assert all("{{ csrf_field }}" in form for form in posts)
    assert all("data-swap" in form for form in posts)
    missing = {key for key in _KEY.findall(text) if key not in service.known}
    assert missing == set()


@each_template
def test_forms_by_address_carry_nothing_personal(service: Service, template: Path) -> None:
    """Goal: no name or number in an address. Method: the fields of every form that is not sent by
    POST."""
    text = template.read_text(encoding="utf-8")
    for form in re.findall(r'<form[^>]*method="get".*?</form>', text, re.DOTALL):
        assert set(re.findall(r'name="(\w+)"', form)) <= service.addressed


def test_every_code_of_identity_has_its_word() -> None:
    """Goal: never a code without its word. Method: every value of the types that are shown."""
    for prefix, codes in _CODES.items():
        for code in codes.__args__:
            assert prefix + code in IDENTITY_TEXTS, prefix + code


def test_every_code_of_claims_has_its_word() -> None:
    """Goal: the same. Method: the codes that the engine and the state machine know."""
    assert LINE_KINDS.keys() == bill.LINE_KINDS
    assert CATALOGUE_CLASSES.keys() == bill.CATALOGUE_CLASSES
    assert LEVELS.keys() == set(bill.LEVELS)
    assert PROGRAMMES.keys() == bill.DISEASE_PROGRAMMES
    assert PAYERS.keys() == PAYER_NAMES.keys() | {"patient"}
    assert CASE_STATUSES.keys() == set(get_args(CaseStatus))
    assert {f"category.{code}" for code in bill.CATEGORIES} <= WORDS.keys()
    assert {f"visit.{code}" for code in bill.VISIT_TYPES} <= WORDS.keys()
    for status in get_args(RunStatus):
        assert f"clearing.status.{status}" in CLEARING
    for status in get_args(FlagStatus):
        assert f"flags.status.{status}" in MONITORING
    for step in get_args(FlagStep):
        assert f"flag.step.{step}" in MONITORING
        assert f"flag.done.{step}" in MONITORING
        assert f"flag.may.{step}" in MONITORING
    for step in get_args(StepName):
        assert f"run.step.{step}" in CLEARING
    assert len(REASONS) >= len(BILL_PARTS) > 0


def test_every_code_of_contracts_has_its_word() -> None:
    """Goal: the same. Method: the state machines, the forms of measurements, what can be done."""
    codes = {
        "stage.": get_args(State),
        "step.": get_args(Step),
        "case.": get_args(CaseState),
        "way.": get_args(Way),
        "phase.": get_args(TaskPhase),
        "referral.": get_args(StateOnDay),
        "direction.": get_args(Direction),
        "priority.": get_args(Priority),
        "word.": {
            word for form in forms().values() for f in form.fields.values() for word in f.words
        },
        "act.": ACTS,
        "act.done.": ACTS,
        "overdue.state.": STATES,
        "flags.status.": get_args(VisitFlagStatus),
        "flags.step.": get_args(VisitFlagStep),
        "flags.seen.": KNOWN_RULES,
        "control.by.": get_args(GroupBy),
    }
    for prefix, each in codes.items():
        assert {prefix + code for code in each} <= CONTRACTS_TEXTS.keys(), prefix


@each_service
def test_every_page_asks_for_a_right(service: Service) -> None:
    """Goal: no page without a scope in its signature. Method: every route of the pages but the style
    sheet's."""
    routes = [route for router in service.module.pages for route in router.routes]
    assert len(routes) >= 10
    for route in routes:
        assert isinstance(route, APIRoute)
        # The county's page may stand open to everybody (open_dashboard).
        if route.path in {"/assets/{path:path}", "/dashboard/data"}:
            continue
        scopes = {
            getattr(each.call, "required_scope", None) for each in route.dependant.dependencies
        }
        assert scopes - {None}, route.path


@each_service
def test_the_first_view_is_light(service: Service) -> None:
    """Goal: first view under 150 kB. Method: the screens' own files and the shared ones, unpacked."""
    own = (service.folder / "static").iterdir()
    files = [*own, SHARED_STATIC / "css/yizhan.css", SHARED_STATIC / "js/forms.js"]
    assert sum(file.stat().st_size for file in files) < 60_000
