"""Writing a contract's steps, and telling others of them. Every function expects the person's lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.contracts.contracts import repository
from services.contracts.contracts.domain import Step
from services.contracts.models import Contract
from services.contracts.people import repository as people
from services.contracts.plans.repository import counted, number_many
from shared.db.session import WriteSession
from shared.events.base import Event
from shared.events.catalog import (
    ContractEnded,
    ContractRefused,
    ContractRenewed,
    ContractSigned,
    ContractTransferred,
)
from shared.messaging import outbox
from shared.security import audit
from shared.security.principal import Principal


@dataclass(frozen=True)
class Author:
    """Who took a step, and when it was recorded."""

    actor: str
    organisation: str
    at: datetime


def by(caller: Principal, at: datetime) -> Author:
    """A client as the author."""
    return Author(caller.client_id, caller.organisation, at)


async def step(
    session: WriteSession,
    author: Author,
    contract: Contract,
    taken: Step,
    *,
    on: date,
    reason: str | None = None,
) -> None:
    """Keep a step that has been taken: in the contract's history and in the audit log."""
    columns = _step(author, contract, taken, on=on, reason=reason)
    await repository.add_step(session, contract.contract_id, columns)
    await audit.record(session, **_entry(author, contract, taken))


async def steps_many(
    session: WriteSession,
    author: Author,
    steps: Sequence[tuple[Contract, int, date]],
    taken: Step,
    *,
    reason: str | None = None,
) -> None:
    """As :func:`step`, for many contracts: each with its step's number and day."""
    await repository.add_steps(
        session,
        [
            {
                "contract_id": contract.contract_id,
                "number": number,
                **_step(author, contract, taken, on=on, reason=reason),
            }
            for contract, number, on in steps
        ],
    )
    await audit.record_many(session, [_entry(author, each, taken) for each, _, _ in steps])


def _step(
    author: Author, contract: Contract, taken: Step, *, on: date, reason: str | None
) -> dict[str, Any]:
    return {
        "step": taken,
        "stage": contract.stage,
        "on": on,
        "reason": reason,
        "valid_to": contract.valid_to,
        "recorded_by": author.actor,
        "organisation": author.organisation,
        "recorded_at": author.at,
    }


def _entry(author: Author, contract: Contract, taken: Step) -> dict[str, Any]:
    return {
        "actor": author.actor,
        "organisation": author.organisation,
        "action": f"contract.{contract.stage}",
        "subject": str(contract.contract_id),
        "at": author.at,
        "detail": {"person_id": contract.person_id, "team": contract.team, "step": taken},
    }


async def signed(session: WriteSession, author: Author, contract: Contract) -> None:
    """Tell of a signature, or that a contract which had ended holds again."""
    await _tell(session, author, contract, signed_event(contract))


def signed_event(contract: Contract) -> ContractSigned:
    """What :func:`signed` tells."""
    return ContractSigned(
        **_core(contract),
        effective_on=_day(contract.valid_from),
        valid_to=_day(contract.valid_to),
        signed_on=contract.signed_on,
        package=contract.package,
        transferred_from=str(contract.transferred_from) if contract.transferred_from else None,
    )


async def renewed(
    session: WriteSession, author: Author, contract: Contract, *, begins: date, on: date
) -> None:
    """Tell of a longer term that begins on a day."""
    await _tell(
        session,
        author,
        contract,
        ContractRenewed(
            **_core(contract),
            effective_on=begins,
            valid_from=_day(contract.valid_from),
            valid_to=_day(contract.valid_to),
            renewed_on=on,
        ),
    )


async def transferred(
    session: WriteSession, author: Author, contract: Contract, following: Contract
) -> None:
    """Tell that another team's contract goes on."""
    await _tell(
        session,
        author,
        contract,
        ContractTransferred(
            **_core(contract),
            effective_on=_day(contract.ended_on),
            to_contract_id=str(following.contract_id),
            to_team=following.team,
        ),
    )


async def ended(session: WriteSession, author: Author, contract: Contract) -> None:
    """Tell of an end before the term."""
    await _tell(session, author, contract, ended_event(contract))


def ended_event(contract: Contract) -> ContractEnded:
    """What :func:`ended` tells."""
    return ContractEnded(
        **_core(contract),
        effective_on=_day(contract.ended_on),
        reason=contract.end_reason or "other",
    )


async def tell_many(
    session: WriteSession, author: Author, events: Sequence[tuple[Contract, Event]]
) -> None:
    """Tell of many contracts, each person's events in their order; the persons are held."""
    counts = counted(contract.person_id for contract, _ in events)
    last = await number_many(session, counts)
    following = {person_id: last[person_id] - count for person_id, count in counts.items()}
    recorded = []
    for contract, event in events:
        following[contract.person_id] += 1
        recorded.append(
            outbox.Recorded(
                event,
                subject=str(contract.contract_id),
                sequence=following[contract.person_id],
                occurred_at=author.at,
            )
        )
    await outbox.record_many(session, recorded)


async def refused(session: WriteSession, author: Author, contract: Contract, *, on: date) -> None:
    """Tell of a refusal."""
    await _tell(session, author, contract, ContractRefused(**_core(contract), effective_on=on))


def _core(contract: Contract) -> dict[str, Any]:
    return {
        "contract_id": str(contract.contract_id),
        "person_id": contract.person_id,
        "team": contract.team,
        "township": contract.township,
        "village": contract.village,
    }


def _day(day: date | None) -> date:
    if day is None:
        message = "a contract that was signed, or has ended, has its days"
        raise ValueError(message)
    return day


async def _tell(session: WriteSession, author: Author, contract: Contract, event: Event) -> None:
    await outbox.record(
        session,
        event,
        subject=str(contract.contract_id),
        sequence=await people.next_version(session, contract.person_id),
        occurred_at=author.at,
    )
