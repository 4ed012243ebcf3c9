"""A kept decision scored again: from its evidence, with the table of weights it was made by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.matching.model import AGREED_WEIGHTS, PRODUCT
from services.identity.matching.names import load_aliases
from services.identity.matching.records import Person
from services.identity.matching.scoring import (
    Assessment,
    Evidence,
    Weights,
    WeightsAltered,
    weigh_again,
)
from services.identity.recognition.faces import Registered, faces
from services.identity.recognition.repository import (
    WEIGHTS_COLUMN,
    RecognitionRepository,
    RegistryRepository,
)
from services.identity.recognition.schemas import RescoredItem, RescoringAnswer
from services.identity.settings import settings_of
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.http.problem import Conflict, NotFound
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


class RecognitionUnknown(NotFound):
    code = "recognition_unknown"
    title = "There is no such recognition"
    title_zh = "没有该次识别"


class WeightsUnusable(Conflict):
    code = "weights_unusable"
    title = "The table of weights of that decision is missing or was altered"
    title_zh = "该次识别所用的权重表缺失或已被改动"


async def rescore(
    session: WriteSession, context: ServiceContext, caller: Principal, recognition_id: UUID
) -> RescoringAnswer:
    """Score a kept decision again, and say whether it is the same.

    Raises:
        RecognitionUnknown: no such decision, or of a facility that is not the caller's.
        WeightsUnusable: its table of weights is gone, or is not what its version names.
    """
    region = context.region.region_code
    kept = await RecognitionRepository(session, region).kept(recognition_id)
    if kept is None or not caller.may_see_facility(kept["facility_code"]):
        raise RecognitionUnknown("take the id from the answer of a recognition")
    stored = RegistryRepository(session, region)
    weights = await _weights(stored, context, kept["weights_version"])
    rows = await stored.rows_of(kept["candidate_id"]) if kept["candidate_id"] else ()
    found = [(item["field"], item["level"]) for item in kept["evidence"]]
    told = Assessment(
        tuple(Evidence(item["field"], item["level"], item["weight"]) for item in kept["evidence"]),
        kept["score"],
    )
    # He is told under the record that fitted best; of an absorbed row the name may be another.
    tries = [_again(weights, found, person) for person in _persons(context, rows)]
    if not found:
        tries = [Assessment((), 0.0)]
    again = next((one for one in tries if one == told), next(iter(tries), None))
    equal = again == told
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="recognition.rescored",
        subject=str(recognition_id),
        at=context.clock.now(),
        detail={"equal": equal},
    )
    return RescoringAnswer(
        recognition_id=str(recognition_id),
        grade=kept["grade"],
        weights_version=weights.version,
        equal=equal,
        score=told.score,
        score_again=again.score if again else None,
        register_changed_since=any(row["updated_at"] > kept["recorded_at"] for row in rows),
        evidence=[
            RescoredItem(
                **item._asdict(), weight_again=again.evidence[at].weight if again else None
            )
            for at, item in enumerate(told.evidence)
        ],
    )


def _again(weights: Weights, found: list[tuple[str, str]], person: Person) -> Assessment | None:
    try:
        return weigh_again(PRODUCT, weights, found, person)
    except KeyError:
        return None


async def _weights(stored: RegistryRepository, context: ServiceContext, version: str) -> Weights:
    kept = await stored.weights(version)
    if kept is None:
        # Before a first roster was learned from, the table agreed on is kept nowhere else.
        if version == AGREED_WEIGHTS.version:
            return AGREED_WEIGHTS
        raise WeightsUnusable(f"no table of weights {version} is kept; restore the database")
    try:
        return Weights.from_json(context.vault.decrypt(kept.content_enc, column=WEIGHTS_COLUMN))
    except WeightsAltered as altered:
        raise WeightsUnusable(str(altered)) from altered


def _persons(context: ServiceContext, rows: Sequence[RowMapping]) -> Iterator[Person]:
    aliases = load_aliases(settings_of(context).alias_files)
    today = business_date(context.clock.now())
    for row in rows:
        yield from faces(Registered(dict(row)), context.vault, aliases, on=today)
