"""The product's model: which fields speak, and the weights agreed on before a roster is learned.

m and u are shares of pairs: among those of one person (m) and of two (u), how often a level is
found. The agreed figures are estimates and say why they are what they are; a roster's own pairs
correct those that pairs can show (see ``learning``). Those of numbers and cards stay agreed:
their false agreements come from relatives lending them, of whom random pairs know nothing.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from datetime import date

from services.identity.matching.births import BirthLevel, compare_births
from services.identity.matching.learning import Prior, Table
from services.identity.matching.names import NameForm, NameLevel, compare_names
from services.identity.matching.numbers import NumberLevel, compare_numbers
from services.identity.matching.places import NO_MERGERS, MergedPlaces, PlaceLevel, compare_places
from services.identity.matching.records import Person, Query
from services.identity.matching.scoring import FieldSpec, Model, Weights

NUMBER, NAME, BIRTH, SEX = "id_number", "name", "birth_date", "sex"
VILLAGE, PHONE, CARD = "village", "phone", "card"

SAME, DIFFERS = "exact", "differs"
TWO_SLIPS = "two_slips"
"""The asked number is not valid, and two slips away from the registered one."""
MISREAD = "misread"
"""The asked number is not valid, and further away from the registered one."""
OF_RELATIVE = "of_relative"
"""The asked number is that of another member of the registered person's household; found by
``ranking``, which sees them all."""
FIRST_OF_YEAR = "first_of_year"
"""The same first of January: the day by which an unknown birth date is registered."""

REGISTERED_SHARE = 0.8
"""Of those asked about, the share who are on the roster: windows ask about patients who say so."""
AGREED_POPULATION = 500_000
"""Registered people assumed where no roster was learned: the largest the product is made for."""
LENT_SHARE = 0.01
"""Questions about a person, registered or not, that show the number of one of his relatives."""
LENT_BITS = math.log2(LENT_SHARE * (1 - REGISTERED_SHARE) / REGISTERED_SHARE / 0.93)
"""Before anything else is told, that a number is shown for an unregistered relative of its holder
rather than for himself, of whom it is told with 0.93 (``_NUMBER``)."""

_READING = "~"


def product_model(merged: MergedPlaces = NO_MERGERS) -> Model[Query, Person]:
    """The model of the window and of batches.

    Args:
        merged: places of the region that are one since they were merged.
    """

    def places(asked: Query, registered: Person) -> str | None:
        if asked.address is None:
            return None
        return compare_places(asked.address, registered.township, registered.village, merged=merged)

    return Model(
        "window-2",
        (
            FieldSpec(NUMBER, (*_levels(_NUMBER),), _numbers),
            FieldSpec(
                NAME,
                (*_levels(_NAME),),
                _names,
                _name_value,
                _name_values,
                frozenset({NameLevel.EXACT, NameLevel.VARIANT}),
                _name_as_compared,
            ),
            FieldSpec(BIRTH, (*_levels(_BIRTH),), _births),
            FieldSpec(SEX, (*_levels(_SEX),), _sexes),
            FieldSpec(
                VILLAGE,
                (*_levels(_VILLAGE),),
                places,
                _village_value,
                _village_values,
                depends=_place_as_compared,
            ),
            FieldSpec(PHONE, (*_levels(_PHONE),), _phones),
            FieldSpec(CARD, (*_levels(_CARD),), _cards),
        ),
    )


def population_prior(registered: int) -> float:
    """Bits for the belief that one of so many registered people is the one asked about."""
    odds = REGISTERED_SHARE / (1 - REGISTERED_SHARE) / max(registered, 1)
    return round(math.log2(odds) * 16) / 16


def _numbers(asked: Query, registered: Person) -> str | None:
    if asked.number is None or registered.number is None:
        return None
    level = compare_numbers(asked.number, registered.number)
    if level is NumberLevel.UNREADABLE:
        return None
    if asked.number.value18 is None and level not in (NumberLevel.REPAIRED, NumberLevel.EXACT):
        return TWO_SLIPS if level is NumberLevel.NEAR else MISREAD
    return level


def _names(asked: Query, registered: Person) -> str | None:
    if asked.name is None or registered.name is None:
        return None
    return compare_names(asked.name, registered.name)


def _name_as_compared(registered: Person) -> Hashable:
    """The rest of a form follows from these two; see ``prepare_name``."""
    name = registered.name
    return (name.written, name.aliases) if name is not None else None


def _place_as_compared(registered: Person) -> Hashable:
    return registered.township, registered.village


def _births(asked: Query, registered: Person) -> str | None:
    if registered.birth_date is None:
        return None
    if asked.birth_date is None:
        return _birth_of_another_number(asked, registered)
    if asked.birth_date == registered.birth_date:
        return FIRST_OF_YEAR if _first_of_year(asked.birth_date) else BirthLevel.EXACT
    return compare_births(asked.birth_date, registered.birth_date)


def _birth_of_another_number(asked: Query, registered: Person) -> str | None:
    """The date inside a number that is not the registered one speaks where it agrees.

    Where it does not, that is the number's disagreement once more; where the numbers agree, or are
    neighbours, it is that once more.
    """
    number = asked.number
    if number is None or number.birth_date != registered.birth_date:
        return None
    if registered.number is not None and compare_numbers(number, registered.number) in (
        NumberLevel.EXACT,
        NumberLevel.NEAR,
    ):
        return None
    return BirthLevel.EXACT


def _first_of_year(day: date) -> bool:
    return day.month == 1 and day.day == 1


def _sexes(asked: Query, registered: Person) -> str | None:
    if asked.sex is None or registered.sex is None:
        return None
    return SAME if asked.sex == registered.sex else DIFFERS


def _phones(asked: Query, registered: Person) -> str | None:
    if not asked.phone or not registered.phone:
        return None
    return SAME if asked.phone == registered.phone else DIFFERS


def _cards(asked: Query, registered: Person) -> str | None:
    if not asked.card_no or not registered.card_numbers:
        return None
    return SAME if asked.card_no in registered.card_numbers else DIFFERS


def _name_value(registered: Person, level: str) -> str | None:
    if registered.name is None:
        return None
    if level in (NameLevel.EXACT, NameLevel.VARIANT):
        return registered.name.folded
    return _reading(registered.name) if level == NameLevel.HOMOPHONE else None


def _name_values(registered: Person) -> Iterable[str]:
    if registered.name is None:
        return ()
    return (registered.name.folded, _reading(registered.name))


def _reading(form: NameForm) -> str:
    return _READING + " ".join(form.syllables)


def _village_value(registered: Person, level: str) -> str | None:
    return registered.village if level == PlaceLevel.VILLAGE else None


def _village_values(registered: Person) -> Iterable[str]:
    return (registered.village,) if registered.village else ()


# (m, u) by level; each column adds up to 1 once the last line takes the rest.
_Agreed = Mapping[str, tuple[float, float]]

_NUMBER: _Agreed = {
    NumberLevel.EXACT: (0.93, 1e-10),
    # One slip finds one of some hundred numbers out of 10^12 in use; a relative's may be near.
    NumberLevel.REPAIRED: (0.035, 1e-6),
    # Twins and siblings registered together have neighbouring numbers: hardly any evidence.
    NumberLevel.NEAR: (0.004, 5e-4),
    # Two slips make a number that nobody has; the neighbouring numbers of a family are valid.
    TWO_SLIPS: (0.002, 2e-7),
    MISREAD: (0.002, 0.03),
    # The mother's or the husband's card is shown for a child or a wife: one of three or so.
    OF_RELATIVE: (LENT_SHARE, 3e-10),
    # An old number, or the roster's own mistake.
    NumberLevel.DIFFERS: (0.017, 0.9694988),
}
_NAME: _Agreed = {
    NameLevel.EXACT: (0.914, 4.5e-4),
    NameLevel.VARIANT: (0.02, 1e-5),
    NameLevel.ALIAS: (0.01, 1e-5),
    NameLevel.HOMOPHONE: (0.025, 4e-4),
    NameLevel.LOOKALIKE: (0.008, 4e-5),
    NameLevel.REORDERED: (0.002, 1e-5),
    NameLevel.TRUNCATED: (0.006, 4e-5),
    NameLevel.ACCENT: (0.004, 3e-4),
    # A character changed that neither sounds nor looks alike; and what brothers share.
    NameLevel.PARTIAL: (0.004, 0.02),
    NameLevel.SIMILAR: (0.003, 2e-4),
    NameLevel.DIFFERS: (0.004, 0.97854),
}
_BIRTH: _Agreed = {
    BirthLevel.EXACT: (0.947, 5e-5),
    FIRST_OF_YEAR: (0.008, 3e-6),
    BirthLevel.SWAPPED: (0.003, 2e-5),
    BirthLevel.LUNAR: (0.006, 1e-4),
    BirthLevel.YEAR_ONLY: (0.004, 4e-4),
    BirthLevel.YEAR_OFF_BY_ONE: (0.006, 1e-4),
    BirthLevel.ONE_DIGIT: (0.010, 8e-4),
    BirthLevel.MONTH_AND_YEAR: (0.004, 1.2e-3),
    BirthLevel.DIFFERS: (0.012, 0.997327),
}
_SEX: _Agreed = {SAME: (0.995, 0.5), DIFFERS: (0.005, 0.5)}
_VILLAGE: _Agreed = {
    PlaceLevel.VILLAGE: (0.80, 0.025),
    PlaceLevel.MERGED_VILLAGE: (0.02, 0.002),
    PlaceLevel.TOWNSHIP: (0.08, 0.12),
    PlaceLevel.ELSEWHERE: (0.10, 0.853),
}
# Numbers are changed often, and the one told may be any of the family's.
_PHONE: _Agreed = {SAME: (0.55, 2.5e-4), DIFFERS: (0.45, 0.99975)}
_CARD: _Agreed = {SAME: (0.97, 1e-7), DIFFERS: (0.03, 0.9999999)}

# Of two in one household: names of a generation share characters, twins their day; what they do
# not share is told of neither.
AGREED_KIN: Mapping[str, Mapping[str, float]] = {
    NAME: {
        NameLevel.EXACT: 1e-3,
        NameLevel.VARIANT: 2e-4,
        NameLevel.ALIAS: 2e-4,
        NameLevel.HOMOPHONE: 2e-3,
        NameLevel.LOOKALIKE: 1e-3,
        NameLevel.REORDERED: 3e-4,
        NameLevel.TRUNCATED: 1e-3,
        NameLevel.ACCENT: 2e-3,
        NameLevel.PARTIAL: 0.30,
        NameLevel.SIMILAR: 3e-4,
        NameLevel.DIFFERS: 0.692,
    },
    BIRTH: {
        BirthLevel.EXACT: 8e-3,
        FIRST_OF_YEAR: 1e-3,
        BirthLevel.SWAPPED: 1e-4,
        BirthLevel.LUNAR: 1e-4,
        BirthLevel.YEAR_ONLY: 3e-4,
        BirthLevel.YEAR_OFF_BY_ONE: 3e-4,
        BirthLevel.ONE_DIGIT: 2e-3,
        BirthLevel.MONTH_AND_YEAR: 1.2e-3,
        BirthLevel.DIFFERS: 0.987,
    },
    SEX: {SAME: 0.5, DIFFERS: 0.5},
}
"""Shares of levels among two of one household, until a roster has shown its own."""

_AGREED: dict[str, _Agreed] = {
    NUMBER: _NUMBER,
    NAME: _NAME,
    BIRTH: _BIRTH,
    SEX: _SEX,
    VILLAGE: _VILLAGE,
    PHONE: _PHONE,
    CARD: _CARD,
}


def _levels(agreed: _Agreed) -> Iterable[str]:
    return (str(level) for level in agreed)


def _column(place: int) -> Table:
    return {
        name: {str(level): shares[place] for level, shares in agreed.items()}
        for name, agreed in _AGREED.items()
    }


AGREED_PRIOR = Prior(
    m=_column(0),
    u=_column(1),
    m_pairs=20_000.0,
    u_pairs=20_000.0,
    fixed=frozenset({NUMBER, CARD}),
)
"""What learning starts from. A roster has few double registrations and many families that look
like them, so m moves only where thousands of pairs say so; u is the roster's own."""

PRODUCT = product_model()

AGREED_WEIGHTS = Weights(
    model=PRODUCT.name,
    m=AGREED_PRIOR.m,
    u=AGREED_PRIOR.u,
    prior=population_prior(AGREED_POPULATION),
    kin=AGREED_KIN,
)
"""In use until a roster of some size has been learned."""
