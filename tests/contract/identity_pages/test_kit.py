"""What every screen of identity keeps to, whatever stands on it."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from services.identity.module import MODULE
from services.identity.reviews.domain import Outcome, Status
from services.identity.roster.schemas import RosterMode, RosterSource, RosterStatus
from services.identity.screens import kit
from services.identity.screens.persons_texts import PERSONS
from services.identity.screens.reviews_texts import REVIEWS
from services.identity.screens.rosters_texts import BATCH, ROSTERS
from services.identity.screens.texts import SHARED, TEXTS
from services.identity.screens.window_texts import WINDOW
from shared.web.assets import STATIC_FOLDER as SHARED_STATIC
from shared.web.kit_texts import KIT
from shared.web.language import COMMON
from shared.web.screens import TEMPLATES as SHARED_TEMPLATES

TEMPLATES = [
    *sorted((kit.HERE / "templates").glob("*.html")),
    *(SHARED_TEMPLATES / name for name in ("page.html", "problem.html", "_forms.html")),
]
STATIC = kit.HERE / "static"
KNOWN = {**COMMON, **KIT, **TEXTS}
CATALOGUES = (COMMON, KIT, SHARED, WINDOW, REVIEWS, ROSTERS, PERSONS, BATCH)
_KEY = re.compile(r"""\bt\(\s*["']([\w.]+)["']\s*[,)]""")
_CODES = {
    "rosters.status.": RosterStatus,
    "rosters.mode.": RosterMode,
    "source.": RosterSource,
    "reviews.status.": Status,
    "reviews.outcome.": Outcome,
}


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_has_both_languages_and_the_same_places() -> None:
    """Goal: no half-told screen. Method: every pair; its placeholders must agree."""
    for key, (chinese, english) in KNOWN.items():
        assert chinese.strip(), key
        assert english.strip(), key
        assert places(chinese) == places(english), key


def test_no_two_screens_write_one_text() -> None:
    """Goal: a change on one screen changes no other. Method: keys of all catalogues together."""
    assert len(KNOWN) == sum(len(catalogue) for catalogue in CATALOGUES)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_keeps_to_the_policy(template: Path) -> None:
    """Goal: no inline script or style, every form with its token, every key with its text. Method:
    read the template."""
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\bsrc=)|https?://", text)
    posts = re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL)
    assert all("{{ csrf_field }}" in form for form in posts)
    assert all("data-swap" in form for form in posts)
    missing = {key for key in _KEY.findall(text) if key not in KNOWN}
    assert missing == set()


def test_forms_by_address_carry_days_alone() -> None:
    """Goal: no name or number in an address. Method: the fields of every form that is not sent by
    POST."""
    for template in TEMPLATES:
        text = template.read_text(encoding="utf-8")
        for form in re.findall(r'<form[^>]*method="get".*?</form>', text, re.DOTALL):
            assert set(re.findall(r'name="(\w+)"', form)) == {"as_of", "known_on"}


def test_every_code_has_its_word() -> None:
    """Goal: never a code without its word. Method: every value of the types that are shown."""
    for prefix, codes in _CODES.items():
        for code in codes.__args__:
            assert prefix + code in KNOWN, prefix + code


def test_every_page_asks_for_a_right() -> None:
    """Goal: no page without a scope in its signature. Method: every route of identity's pages but
    the style sheet's."""
    routes = [route for router in MODULE.pages for route in router.routes]
    assert len(routes) > 20
    for route in routes:
        assert isinstance(route, APIRoute)
        if route.path == "/assets/{path:path}":
            continue
        scopes = {
            getattr(each.call, "required_scope", None) for each in route.dependant.dependencies
        }
        assert scopes - {None}, route.path


def test_the_first_view_is_light() -> None:
    """Goal: first view under 150 kB. Method: the screens' own files and
    the shared ones, unpacked."""
    files = [*STATIC.iterdir(), SHARED_STATIC / "css/yizhan.css", SHARED_STATIC / "js/forms.js"]
    assert sum(file.stat().st_size for file in files) < 60_000
