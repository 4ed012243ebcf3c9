"""A card's number, and what its code says. Pure.

The code (a QR) names the card, the region, the days on which it is good, and the holder's birth
year and sex, by which a window without a network sees whether the bearer can be the holder. It
holds neither name nor ID number, nor the number printed on the card.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from services.identity.idnumber.domain import Sex
from shared.clock import business_date, start_of_business_day

CARD_DIGITS = 16
"""Region (6), chance (9), Luhn check digit (1): too short to be taken for an ID number."""
_REGION_DIGITS = 6
_RANDOM_DIGITS = 9
_ID_BYTES = 16
_SKEW = timedelta(minutes=5)
_OLDEST_BIRTH_YEAR = 1850
_NINE = 9

CardFault = Literal[
    "card_malformed",
    "card_signature_wrong",
    "card_unknown",
    "card_revoked",
    "card_expired",
    "card_not_yet_good",
    "card_of_another_region",
    "holder_differs",
]

FAULT_WORDS: dict[CardFault, tuple[str, str]] = {
    "card_malformed": (
        "This is not the code or number of a health card: scan it again",
        "不是有效的健康卡二维码或卡号，请重新扫描",
    ),
    "card_signature_wrong": (
        "The code was not signed by this region: do not accept it",
        "二维码签名无效，请勿受理",
    ),
    "card_unknown": (
        "No such card was issued: recognise the patient by name and number",
        "未发放过此卡，请按姓名和证件号码识别",
    ),
    "card_revoked": (
        "The card was revoked: recognise the patient by name and number",
        "此卡已注销，请按姓名和证件号码识别",
    ),
    "card_expired": (
        "The card is no longer good: issue a new one",
        "此卡已过有效期，请换发新卡",
    ),
    "card_not_yet_good": (
        "The card is dated in the future: check the clock",
        "此卡签发时间晚于当前时间，请检查时钟",
    ),
    "card_of_another_region": (
        "The card is another region's: ask there",
        "此卡由其他地区发放，请向发卡地区核实",
    ),
    "holder_differs": (
        "Birth year or sex on the card is not what the register now says: check who bears it",
        "卡内出生年份或性别与登记不符，请核对持卡人",
    ),
}
"""Code → (English, Chinese)."""


class CodeMalformed(ValueError):
    """The claims of a code are not those that we sign."""


@dataclass(frozen=True)
class CardClaims:
    """What the code of a card says."""

    card_id: UUID
    region: str
    issued_at: datetime
    expires_on: date
    """The last day on which it is good."""
    birth_year: int
    sex: Sex

    def to_json(self) -> dict[str, Any]:
        """Short names, so that the QR stays coarse enough for a poor camera."""
        end = start_of_business_day(self.expires_on + timedelta(days=1))
        return {
            "jti": base64.urlsafe_b64encode(self.card_id.bytes).decode().rstrip("="),
            "iss": self.region,
            "iat": int(self.issued_at.timestamp()),
            "exp": int(end.timestamp()),
            "by": self.birth_year,
            "sex": self.sex,
        }

    @classmethod
    def from_json(cls, claims: Mapping[str, Any]) -> CardClaims:
        """Read what :meth:`to_json` wrote.

        Raises:
            CodeMalformed: a claim is missing or of another kind.
        """
        jti, region, sex = claims.get("jti"), claims.get("iss"), claims.get("sex")
        if not isinstance(jti, str) or not isinstance(region, str) or sex not in ("M", "F"):
            raise CodeMalformed
        issued_s, expires_s, birth_year = (_whole(claims, name) for name in ("iat", "exp", "by"))
        try:
            card_id = UUID(bytes=base64.b64decode(jti + "==", altchars=b"-_", validate=True))
            issued_at = datetime.fromtimestamp(issued_s, UTC)
            end = datetime.fromtimestamp(expires_s, UTC)
            last = business_date(end) - timedelta(days=1)
        except (ValueError, OverflowError, OSError, binascii.Error):
            raise CodeMalformed from None
        return cls(card_id, region, issued_at, last, birth_year, sex)

    def fault(self, *, region: str, at: datetime) -> CardFault | None:
        """What a window without a network finds wrong with a code whose signature is right."""
        if self.region != region:
            return "card_of_another_region"
        if self.issued_at > at + _SKEW:
            return "card_not_yet_good"
        return "card_expired" if business_date(at) > self.expires_on else None


def new_card_no(region: str, random_below: Callable[[int], int]) -> str:
    """A card number of the region; ``random_below(n)`` gives an unguessable number below n."""
    chance = random_below(10**_RANDOM_DIGITS)
    body = f"{region[:_REGION_DIGITS]:0>{_REGION_DIGITS}}{chance:0{_RANDOM_DIGITS}d}"
    return body + luhn_digit(body)


def card_no_sound(text: str) -> bool:
    """Whether a tidy text is a card number with the right check digit."""
    return (
        len(text) == CARD_DIGITS
        and text.isascii()
        and text.isdigit()
        and luhn_digit(text[:-1]) == text[-1]
    )


def luhn_digit(body: str) -> str:
    """The check digit of ISO/IEC 7812-1, annex B."""
    total = 0
    for place, character in enumerate(reversed(body)):
        digit = int(character) * (2 if place % 2 == 0 else 1)
        total += digit - _NINE if digit > _NINE else digit
    return str(-total % 10)


def holder_agrees(
    *, birth_year: int, sex: str, registered_birth: date | None, registered_sex: str | None
) -> bool:
    """Whether what was signed into the card is what the register says of its holder today."""
    return (
        registered_birth is not None
        and registered_birth.year == birth_year
        and registered_sex == sex
    )


def plausible_birth(birth: date | None, today: date) -> bool:
    return birth is not None and birth.year >= _OLDEST_BIRTH_YEAR and birth <= today


def _whole(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise CodeMalformed
    return value
