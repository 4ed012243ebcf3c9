"""HTTP shapes of health cards. A card's number travels in bodies only, never in an address."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from services.identity.cards.codes import MAX_CODE_CHARS

_PERSON = "019a0000-0000-7000-8000-000000000003"
_CARD = "019a0000-0000-7000-8000-00000000000c"
_CARD_NO = "5111130000000018"
_QR = "eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiIifQ.c2lnbmF0dXJl"


class CardRequest(BaseModel):
    """To whom a card is given."""

    model_config = ConfigDict(json_schema_extra={"example": {"person_id": _PERSON}})

    person_id: UUID


class CardAnswer(BaseModel):
    """A card as it is handed out; the number is told this once."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "card_id": _CARD,
                "card_no": _CARD_NO,
                "qr": _QR,
                "issued_at": "2016-07-10T10:00:00+08:00",
                "expires_on": "2021-07-10",
            }
        }
    )

    card_id: str
    card_no: str
    qr: str = Field(description="What the QR holds: a compact JWS, `alg` EdDSA.")
    issued_at: datetime
    expires_on: date = Field(description="The last day on which it is good.")

    def __repr__(self) -> str:
        return "CardAnswer(…)"


class VerifyRequest(BaseModel):
    """What a window's scanner read."""

    model_config = ConfigDict(json_schema_extra={"example": {"qr": _QR}})

    qr: str = Field(
        min_length=1, max_length=MAX_CODE_CHARS, description="The code, or the card's number."
    )

    def __repr__(self) -> str:
        return "VerifyRequest(…)"


class VerifyAnswer(BaseModel):
    """Whether a card is good, and if not, why."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "valid": True,
                "card_no": _CARD_NO,
                "card_id": _CARD,
                "person_id": _PERSON,
                "signed": True,
                "holder_agrees": True,
                "birth_year": 1962,
                "sex": "M",
                "expires_on": "2021-07-10",
                "reason": None,
                "message": None,
                "message_zh": None,
            }
        }
    )

    valid: bool
    card_no: str | None = Field(default=None, description="When it is a card of this region.")
    card_id: str | None = None
    person_id: str | None = Field(default=None, description="When the card is valid.")
    signed: bool = Field(default=False, description="A signed code was shown, not the bare number.")
    holder_agrees: bool | None = Field(
        default=None, description="Birth year and sex on the card are those registered now."
    )
    birth_year: int | None = None
    sex: str | None = None
    expires_on: date | None = None
    reason: str | None = Field(default=None, description="A code; null when all is well.")
    message: str | None = None
    message_zh: str | None = None

    def __repr__(self) -> str:
        return "VerifyAnswer(…)"


class RevokeRequest(BaseModel):
    """Which card no longer proves anything, and why."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"card_no": _CARD_NO, "reason": "持卡人报失"}}
    )

    card_no: str | None = Field(default=None, max_length=64)
    card_id: UUID | None = None
    reason: str = Field(min_length=2, max_length=200, description="In words; it is kept.")

    @model_validator(mode="after")
    def _one_card(self) -> RevokeRequest:
        if (self.card_id is None) == (not (self.card_no or "").strip()):
            raise ValueError("give either card_no or card_id")
        return self

    def __repr__(self) -> str:
        return "RevokeRequest(…)"


class RevokeAnswer(BaseModel):
    """A revoked card and its place in the list."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"card_id": _CARD, "revoked_at": "2016-07-11T09:00:00+08:00", "position": 1}
        }
    )

    card_id: str
    revoked_at: datetime
    position: int


class Revocation(BaseModel):
    """One revoked card: enough to refuse it, nothing about its holder."""

    position: int
    card_id: str = Field(description="As in the code's `jti`, written as a UUID.")
    revoked_at: datetime
    expires_on: date = Field(description="From the next day on it may be forgotten.")


class Revocations(BaseModel):
    """The list behind a position; positions are 1, 2, 3 … without a gap."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "position": 1,
                        "card_id": _CARD,
                        "revoked_at": "2016-07-11T09:00:00+08:00",
                        "expires_on": "2021-07-10",
                    }
                ],
                "next_cursor": None,
                "last_position": 1,
            }
        }
    )

    items: list[Revocation]
    next_cursor: str | None = None
    last_position: int = Field(description="Send as `after` next time; 0 when none is revoked.")


class Reissue(BaseModel):
    """Somebody whose card is worthless by no fault of his, and who has no other."""

    card_id: str
    person_id: str
    masked_name: str
    township: str | None = None
    village: str | None = None
    revoked_at: datetime


class Reissues(BaseModel):
    """Who needs a new card since a key was compromised, in the order of their old cards."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "card_id": _CARD,
                        "person_id": _PERSON,
                        "masked_name": "陈**",
                        "township": "金河镇",
                        "village": "和平村",
                        "revoked_at": "2016-07-11T09:00:00+08:00",
                    }
                ],
                "waiting": 1,
                "done": 0,
                "next_cursor": None,
            }
        }
    )

    waiting: int = Field(description="Holders without a good card, on all pages.")
    done: int = Field(description="Holders who have a good one again.")
    items: list[Reissue]
    next_cursor: str | None = None


class CardKeys(BaseModel):
    """Public keys (JWKS, RFC 7517) with which a window verifies codes offline."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "keys": [
                    {
                        "kty": "OKP",
                        "crv": "Ed25519",
                        "x": "jDmlMb-YcD_Ve3WjxACM611aN1GnF7KchgIa-L8k1_4",
                        "kid": "card-MnUbxSpb",
                        "use": "sig",
                        "alg": "EdDSA",
                    }
                ]
            }
        }
    )

    keys: list[dict[str, Any]]


_KEY_STATE: JsonDict = {
    "kid": "card-MnUbxSpb",
    "signing": True,
    "made_at": "2016-01-04T08:00:00+08:00",
    "retired_at": None,
    "reported_at": "2016-07-11T09:00:00+08:00",
    "reported_by": "user:chen",
    "report_reason": "备份硬盘遗失",
    "compromised_at": None,
    "good_cards": 812,
}


class CardKeyState(BaseModel):
    """A key that signs cards, or did."""

    model_config = ConfigDict(json_schema_extra={"example": _KEY_STATE})

    kid: str
    signing: bool = Field(description="It signs new cards; one key at a time does.")
    made_at: datetime
    retired_at: datetime | None = Field(
        default=None, description="It signs no new card from then on; those it signed stay good."
    )
    reported_at: datetime | None = Field(
        default=None, description="Somebody said then that it is compromised."
    )
    reported_by: str | None = None
    report_reason: str | None = None
    compromised_at: datetime | None = Field(
        default=None, description="Nothing that it signed proves anything since then."
    )
    good_cards: int = Field(description="Cards that it signed and that are good now.")


class CardKeyStates(BaseModel):
    """Every key of the region's cards, the one that signs first."""

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_KEY_STATE]}})

    items: list[CardKeyState]


class KeyReportRequest(BaseModel):
    """Why a key is taken to be compromised."""

    model_config = ConfigDict(json_schema_extra={"example": {"reason": "备份硬盘遗失"}})

    reason: str = Field(max_length=200, description="In words; the second person checks them.")


class CompromiseAnswer(BaseModel):
    """What became of a compromised key."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "kid": "card-MnUbxSpb",
                "signing_kid": "card-Qk2v0aXr",
                "cards_revoked": 812,
            }
        }
    )

    kid: str
    signing_kid: str = Field(description="The key that signs from now on.")
    cards_revoked: int = Field(
        description="`GET /cards/reissues` lists their holders until each has a new one."
    )


class ListedCard(BaseModel):
    """A card of a person, its number masked."""

    card_id: str
    masked_card_no: str
    issued_at: datetime
    expires_on: date
    revoked_at: datetime | None = None
    good: bool = Field(description="Neither revoked nor over.")


class CardList(BaseModel):
    """The cards of a person, newest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "card_id": _CARD,
                        "masked_card_no": "************0018",
                        "issued_at": "2016-07-10T10:00:00+08:00",
                        "expires_on": "2021-07-10",
                        "revoked_at": None,
                        "good": True,
                    }
                ]
            }
        }
    )

    items: list[ListedCard]
