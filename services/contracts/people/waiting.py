"""A person who was entered only moments ago: identity's event may still be on its way."""

from __future__ import annotations

import asyncio

from services.contracts.models import Person
from services.contracts.people import repository as people
from shared.db.session import WriteSession
from shared.http.problem import NotFound

_WAIT_S = 3.0
_POLL_S = 0.1


class PersonUnknown(NotFound):
    code = "person_unknown"
    title = "No registered person with this id is known here"
    title_zh = "没有此登记人员"


async def await_person(session: WriteSession, person_id: str) -> Person:
    """The person; waits shortly.

    Raises:
        PersonUnknown: identity has not told of him.
    """
    for _ in range(int(_WAIT_S / _POLL_S)):
        person = await people.get(session, person_id)
        if person is not None:
            return person
        await asyncio.sleep(_POLL_S)
    raise PersonUnknown(
        "use a person_id that identity has given out; a person entered only moments ago "
        "may need some seconds to become known here"
    )
