"""A card's number and what its code says."""

from __future__ import annotations

import base64
import json
import warnings
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from services.identity.cards import codes
from services.identity.cards.domain import (
    CARD_DIGITS,
    FAULT_WORDS,
    CardClaims,
    CodeMalformed,
    card_no_sound,
    holder_agrees,
    luhn_digit,
    new_card_no,
    plausible_birth,
)
from services.identity.cards.key_reports import is_second
from shared.security import signing
from shared.security.crypto import Vault
from shared.security.principal import Principal

ISSUED = datetime(2016, 7, 10, 2, 0, tzinfo=UTC)
CLAIMS = CardClaims(uuid4(), "511113", ISSUED, date(2021, 7, 10), 1962, "M")
KEY = signing.new_key(codes.PURPOSE)
KEYS = [signing.public(KEY)]


def test_the_check_digit_is_luhns() -> None:
    """Goal: ISO/IEC 7812-1. Method: a published example (7992739871, check digit 3)."""
    assert luhn_digit("7992739871") == "3"


@given(st.integers(0, 10**9 - 1), st.integers(0, CARD_DIGITS - 1), st.integers(1, 9))
def test_a_mistyped_digit_is_seen(chance: int, place: int, step: int) -> None:
    """Goal: no single wrong digit passes. Method: change any digit of any number."""
    number = new_card_no("511113", lambda _below: chance)
    assert card_no_sound(number)
    wrong = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
    assert not card_no_sound(wrong)


@given(
    st.uuids(),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
        lambda at: at.replace(microsecond=0, tzinfo=UTC)
    ),
    st.dates(date(2000, 1, 1), date(2120, 1, 1)),
    st.integers(1850, 2100),
    st.sampled_from(["M", "F"]),
)
def test_claims_come_back_as_they_went(
    card_id: UUID, issued: datetime, expires: date, year: int, sex: str
) -> None:
    """Goal: nothing is lost in the short names. Method: there and back."""
    claims = CardClaims(card_id, "511113", issued, expires, year, sex)  # type: ignore[arg-type]
    assert CardClaims.from_json(json.loads(json.dumps(claims.to_json()))) == claims


@pytest.mark.parametrize(
    "change",
    [
        {"jti": "short"},
        {"jti": 5},
        {"jti": "!" * 22},
        {"iss": None},
        {"iat": True},
        {"exp": 1e9},
        {"exp": 10**30},
        {"by": "1962"},
        {"sex": "X"},
    ],
)
def test_other_claims_are_malformed(change: dict[str, object]) -> None:
    """Goal: a code of ours or none. Method: one claim of another kind at a time."""
    with pytest.raises(CodeMalformed):
        CardClaims.from_json(CLAIMS.to_json() | change)


def test_a_code_is_small_and_always_the_same() -> None:
    """Goal: a coarse QR; printing again needs nothing kept. Method: sign twice, count."""
    code = codes.sign(CLAIMS, KEY)
    assert code == codes.sign(CLAIMS, KEY)
    assert len(code) < 320
    assert codes.read(code, KEYS) == CLAIMS


def test_no_library_warning_at_each_window() -> None:
    """Goal: ``EdDSA`` is meant. Method: sign and read with warnings as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert codes.read(codes.sign(CLAIMS, KEY), KEYS) == CLAIMS


def forged(header: dict[str, object], signature: str = "c2ln") -> str:
    parts = (json.dumps(header), json.dumps(CLAIMS.to_json()))
    encoded = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, signature])


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("", CodeMalformed),
        ("a.b.c", CodeMalformed),
        ("二.维.码", CodeMalformed),
        ("a" * 2_000, CodeMalformed),
        (forged({"alg": "none", "typ": codes.TYPE, "kid": KEYS[0]["kid"]}), codes.SignatureWrong),
        (forged({"alg": "EdDSA", "typ": codes.TYPE, "kid": KEYS[0]["kid"]}), codes.SignatureWrong),
        (forged({"alg": "EdDSA", "typ": codes.TYPE, "kid": "other"}), codes.SignatureWrong),
        (forged({"alg": "EdDSA", "typ": "at+jwt", "kid": KEYS[0]["kid"]}), CodeMalformed),
    ],
)
def test_what_is_not_signed_by_us(code: str, error: type[Exception]) -> None:
    """Goal: no way round the signature, no access token taken for a card."""
    with pytest.raises(error):
        codes.read(code, KEYS)


def test_the_public_key_is_no_shared_secret() -> None:
    """Goal: the classic confusion fails. Method: HS256 with the public key as its secret."""
    from joserfc import jws

    header = {"alg": "HS256", "typ": codes.TYPE, "kid": KEYS[0]["kid"]}
    secret = OctKey.import_key(KEYS[0]["x"])
    code = jws.serialize_compact(header, json.dumps(CLAIMS.to_json()), secret)
    with pytest.raises(codes.SignatureWrong):
        codes.read(code, KEYS)


def test_the_private_half_is_stored_sealed(tmp_path: Path) -> None:
    """Goal: the database alone signs nothing. Method: seal, look, open, sign the same."""
    vault = Vault.generate(tmp_path / "keys.json")
    private = str(KEY.as_dict(private=True)["d"])
    blob = signing.sealed(KEY, vault, column="card_keys.private")
    assert private.encode() not in blob
    assert "d" not in signing.public(KEY)
    assert codes.sign(
        CLAIMS, signing.opened(blob, vault, column="card_keys.private")
    ) == codes.sign(CLAIMS, KEY)


def test_the_days_on_which_a_card_is_good() -> None:
    """Goal: the last day counts, by Shanghai's calendar. Method: around both ends."""
    last = datetime(2021, 7, 10, 15, 59, tzinfo=UTC)
    assert CLAIMS.fault(region="511113", at=last) is None
    assert CLAIMS.fault(region="511113", at=last + timedelta(minutes=1)) == "card_expired"
    assert CLAIMS.fault(region="511113", at=ISSUED - timedelta(hours=1)) == "card_not_yet_good"
    assert CLAIMS.fault(region="511100", at=last) == "card_of_another_region"


@pytest.mark.parametrize(
    ("birth", "sex", "agrees"),
    [
        (date(1962, 3, 4), "M", True),
        (date(1962, 12, 31), "M", True),
        (date(1963, 3, 4), "M", False),
        (date(1962, 3, 4), "F", False),
        (None, "M", False),
        (date(1962, 3, 4), None, False),
    ],
)
def test_the_holder_agrees(birth: date | None, sex: str | None, agrees: bool) -> None:
    """Goal: what can be checked without a photo. Method: registered values that agree or do not."""
    found = holder_agrees(birth_year=1962, sex="M", registered_birth=birth, registered_sex=sex)
    assert found is agrees


def test_an_implausible_birth_date_makes_no_card() -> None:
    """Goal: no card for who is not born. Method: unknown, tomorrow, today, ancient."""
    today = date(2016, 7, 10)
    days = (None, today + timedelta(days=1), today, date(1849, 12, 31))
    assert [plausible_birth(day, today) for day in days] == [False, False, True, False]


def test_every_fault_has_words_in_both_languages() -> None:
    """Goal: a window is told what to do."""
    for english, chinese in FAULT_WORDS.values():
        assert english.isascii()
        assert not chinese.isascii()


@pytest.mark.parametrize(
    ("reporter", "caller", "may"),
    [
        ("user:one", "user:one", False),
        ("user:one", "user:two", True),
        ("user:one", "poverty-office", False),
        ("poverty-office", "poverty-office", False),
        ("poverty-office", "operator", True),
        ("poverty-office", "user:one", True),
    ],
)
def test_who_may_confirm_a_report(reporter: str, caller: str, may: bool) -> None:
    """Goal: two who are surely two. Method: people and programs, the same and others."""
    assert is_second(Principal(caller, "region:511113", frozenset()), reporter) is may
