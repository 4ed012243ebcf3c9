"""Passwords of people: kept as scrypt (RFC 7914) with a salt each; judged before they are taken.

A kept password is ``scrypt$<log2 n>$<r>$<p>$<salt>$<key>``: the parameters stand beside it, so that
stronger ones may come later without a new password for everybody.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

LEAST_CHARS = 10
MOST_CHARS = 128
"""A limit on work, not on wishes."""

_SALT_BYTES = 16
_KEY_BYTES = 32
_MOST_MEMORY = 128 * 1024 * 1024
_LEAST_LOG2_N, _MOST_LOG2_N, _MOST_R, _MOST_P = 10, 17, 16, 16
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without 0/o, 1/l and i: the password is read from paper once."""
_GROUPS, _GROUP_CHARS = 4, 4
_LEAST_DIFFERENT_CHARS = 5
_LONGEST_RUN = 6
_KNOWN_BADLY = frozenset(
    {
        "password", "passw0rd", "p@ssw0rd", "admin", "administrator", "root", "welcome", "letmein",
        "qwertyuiop", "qwerty", "1qaz2wsx", "1q2w3e4r", "1q2w3e4r5t", "zaq12wsx", "asdfghjkl",
        "woaini", "woaini1314", "5201314", "iloveyou", "abc123", "a123456", "yizhan", "hospital",
    }
)  # fmt: skip
"""The roots of the passwords that are tried first; digits and marks around them change nothing."""


class KeptPasswordMalformed(ValueError):
    """A kept password is not in the form that :func:`keep` writes."""


@dataclass(frozen=True)
class Cost:
    """How much one trial costs: scrypt's parameters (memory is ``128 · 2^log2_n · r`` bytes)."""

    log2_n: int
    r: int
    p: int


CHOSEN = Cost(14, 8, 5)
"""For a password that a person thought of: a quarter of a second and 16 MB (OWASP's least)."""
DRAWN = Cost(12, 8, 1)
"""For one drawn by :func:`draw`: 79 random bits need no slowness, and a first start makes many."""


@dataclass(frozen=True)
class KeptPassword:
    """What is kept of a password."""

    cost: Cost
    salt: bytes
    key: bytes

    @classmethod
    def read(cls, text: str) -> KeptPassword:
        """The kept form's parts.

        Raises:
            KeptPasswordMalformed: another form, or parameters beyond what we would compute.
        """
        parts = text.split("$")
        try:
            kind, log2_n, r, p, salt, key = parts
            cost = Cost(int(log2_n), int(r), int(p))
            found = cls(
                cost, base64.b64decode(salt, validate=True), base64.b64decode(key, validate=True)
            )
        except (ValueError, binascii.Error):
            # Outside the parser's error, which shows what it read.
            raise KeptPasswordMalformed("need scrypt$log2n$r$p$salt$key") from None
        usable = (
            kind == "scrypt"
            and _LEAST_LOG2_N <= cost.log2_n <= _MOST_LOG2_N
            and 1 <= cost.r <= _MOST_R
            and 1 <= cost.p <= _MOST_P
            and len(found.salt) >= _SALT_BYTES
            and len(found.key) == _KEY_BYTES
        )
        if not usable:
            raise KeptPasswordMalformed("need scrypt$log2n$r$p$salt$key")
        return found

    def fits(self, password: str) -> bool:
        """Whether it is the password; takes as long for every kept form, weaker ones included."""
        if self.cost != CHOSEN:
            _derive(password, _NOBODY.salt, CHOSEN)
        return hmac.compare_digest(_derive(password, self.salt, self.cost), self.key)

    def text(self) -> str:
        salt, key = (base64.b64encode(each).decode() for each in (self.salt, self.key))
        return f"scrypt${self.cost.log2_n}${self.cost.r}${self.cost.p}${salt}${key}"


_NOBODY = KeptPassword(CHOSEN, secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_KEY_BYTES))


def fits_nobody(password: str) -> bool:
    """The answer for a user who does not exist: False, after the same work as for one who does."""
    return _NOBODY.fits(password)


def keep(password: str, *, cost: Cost = CHOSEN) -> str:
    """What to keep of a password, with a new salt."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return KeptPassword(cost, salt, _derive(password, salt, cost)).text()


def draw() -> str:
    """A random password, easy to read and to type: ``k7fm-q2wd-x9tr-h4ps``."""
    groups = (
        "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_CHARS)) for _ in range(_GROUPS)
    )
    return "-".join(groups)


def fault_of(password: str, *, user: str) -> str | None:
    """Why a chosen password is not taken, as a code; None when it is.

    ``too_short``, ``too_long``, ``holds_user``, ``too_simple`` (few different characters, a run
    like 123456 or aaaaaa), ``well_known``.
    """
    if len(password) < LEAST_CHARS:
        return "too_short"
    if len(password) > MOST_CHARS:
        return "too_long"
    folded = _folded(password).casefold()
    if len(user) > 2 and user.casefold() in folded:  # noqa: PLR2004 - "a" is in most words
        return "holds_user"
    if len(set(folded)) < _LEAST_DIFFERENT_CHARS or _has_run(folded):
        return "too_simple"
    if re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded) in _KNOWN_BADLY or folded in _KNOWN_BADLY:
        return "well_known"
    return None


def _has_run(text: str) -> bool:
    """Six neighbours that go up by one, down by one, or stay: 123456, fedcba, 000000."""
    run, last_step = 1, None
    for before, after in pairwise(text):
        step = ord(after) - ord(before)
        run = run + 1 if step == last_step and step in (-1, 0, 1) else 2
        last_step = step
        if run >= _LONGEST_RUN and step in (-1, 0, 1):
            return True
    return False


def _derive(password: str, salt: bytes, cost: Cost) -> bytes:
    return hashlib.scrypt(
        _folded(password[: MOST_CHARS * 2]).encode("utf-8", "surrogatepass"),
        salt=salt,
        n=2**cost.log2_n,
        r=cost.r,
        p=cost.p,
        maxmem=_MOST_MEMORY,
        dklen=_KEY_BYTES,
    )


def _folded(password: str) -> str:
    """One form for what looks alike: an input method may give full-width letters and digits."""
    return unicodedata.normalize("NFKC", password)
