"""What the window gave, read into a question for the matcher."""

from __future__ import annotations

import re
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.cards.domain import FAULT_WORDS
from services.identity.cards.service import read_card
from services.identity.idnumber.domain import IdNumberFault, parse
from services.identity.matching.names import prepare_name
from services.identity.matching.names.newborns import read_newborn_name
from services.identity.matching.numbers import NumberForm, prepare_number
from services.identity.matching.records import Query
from services.identity.persons.domain import phone_key
from services.identity.recognition.schemas import Credentials
from shared.clock import business_date
from shared.http.problem import FieldFault, Unprocessable
from shared.runtime.context import ServiceContext

_COUNTY = re.compile(r"[^村组镇乡]{2,}[省市区县州]")


class CredentialsInsufficient(Unprocessable):
    code = "credentials_insufficient"
    title = "An ID number, a card, or name and birth date is needed to recognise a patient"
    title_zh = "识别患者需要证件号码、健康卡，或姓名加出生日期"


class CardUnknown(CredentialsInsufficient):
    """Nothing but a card was shown, and none has that number: one may be trying them."""


class IdNumberInvalid(Unprocessable):
    code = "id_number_invalid"
    title = "The ID number is not valid"
    title_zh = "证件号码无效"


async def ask(
    session: AsyncSession, context: ServiceContext, given: Credentials, *, at: datetime
) -> Query:
    """The question behind a window's credentials.

    Args:
        at: the visit's moment; a card must be good then.

    Raises:
        IdNumberInvalid: the number is wrong and nothing else is given to correct it by.
        CredentialsInsufficient: too little to tell one person from another.
        CardUnknown: nothing but a card that nobody has.
    """
    return question_of(context, given, await _card(session, context, given, at))


def question_of(
    context: ServiceContext, given: Credentials, card: tuple[str, bool] | None = None
) -> Query:
    """As :func:`ask`, for a card that was read already or none.

    Args:
        card: the card's id, and whether it proves its holder.
    """
    today = business_date(context.clock.now())
    name = (given.name or "").strip()
    number = _number(given.id_number, today)
    mother = _number(given.mother_id_number, today)
    newborn_name = read_newborn_name(name) if name else None
    newborn = number is None and (mother is not None or newborn_name is not None)
    if card is None and not newborn:
        _check_enough(number, name, given.birth_date, today=today)
    address = (given.address or "").strip()
    sex = given.sex or (newborn_name.sex if newborn_name else None)
    return Query(
        name=prepare_name(name) if name else None,
        number=number,
        birth_date=given.birth_date,
        sex=sex,
        address=address or None,
        away=_away(address, context.region.name_zh),
        phone=phone_key(given.phone) or None if given.phone else None,
        card_no=card[0] if card else None,
        card_verified=card[1] if card else False,
        mother_number=mother,
        newborn=newborn,
        birth_order=newborn_name.birth_order if newborn_name else None,
    )


def _away(address: str, county: str) -> bool:
    """Whether an address names a county or city, and not this one."""
    return _COUNTY.search(address) is not None and county.rstrip("区县市") not in address


def _number(text: str | None, today: date) -> NumberForm | None:
    return prepare_number(text, on=today) if text and text.strip() else None


async def _card(
    session: AsyncSession, context: ServiceContext, given: Credentials, at: datetime
) -> tuple[str, bool] | None:
    """The card's id, and whether it proves its holder; None when no good card was shown."""
    if not given.card_no or not given.card_no.strip():
        return None
    holder = await read_card(context, session, given.card_no.strip(), at=at)
    if holder is None or not holder.valid:
        if given.id_number or given.name:
            return None
        fault = (holder.fault if holder else None) or "card_unknown"
        refusal = CardUnknown if fault == "card_unknown" else CredentialsInsufficient
        raise refusal(
            "the card proves nothing; give the ID number, or name and birth date",
            errors=[FieldFault("credentials.card_no", fault, *FAULT_WORDS[fault])],
        )
    agrees = (given.birth_date is None or given.birth_date.year == holder.birth_year) and (
        given.sex is None or given.sex == holder.sex
    )
    return str(holder.card_id), holder.certain and agrees


def _check_enough(
    number: NumberForm | None, name: str, birth_date: date | None, *, today: date
) -> None:
    if name and birth_date is not None:
        return
    if number is not None and number.value18 is not None:
        return
    if number is not None and (name or birth_date is not None) and number.readable:
        return
    if number is None:
        raise CredentialsInsufficient(
            "give the ID number, the card, or name and birth date",
            errors=[
                FieldFault(
                    "credentials",
                    "credentials_insufficient",
                    "give the ID number, the card, or name and birth date",
                    "请提供证件号码、健康卡，或姓名和出生日期",
                )
            ],
        )
    raise invalid(number, today=today)


def invalid(number: NumberForm, *, today: date) -> IdNumberInvalid:
    """What is wrong with a number that is not valid, and the cure."""
    try:
        parse(number.raw, on=today)
    except IdNumberFault as fault:
        return IdNumberInvalid(
            "correct the number, or give name and birth date",
            errors=[
                FieldFault("credentials.id_number", fault.code, fault.message, fault.message_zh)
            ],
        )
    raise AssertionError("only an invalid number is told as one")
