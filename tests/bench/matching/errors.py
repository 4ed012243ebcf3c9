"""How often what a window tells differs from the register, and why we think so.

Estimates of ours, each with its reason; no field study of Chinese rosters is public. They are meant
to be on the bad side: a county that measures its own rates puts them here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """The share of questions with an error, and the reason for the figure."""

    share: float
    reason: str


WAYS: dict[str, Rate] = {
    "number and name": Rate(0.70, "the card or the household book is read or typed at the counter"),
    "number alone": Rate(0.08, "a scanner in front of the queue"),
    "name, birth date, village": Rate(0.17, "no card at hand: old people, children, emergencies"),
    "name and birth date": Rate(0.05, "the same, and nobody asks for the village"),
}

STRANGERS = Rate(0.20, "the issue's share of questions about people who are not on the roster")
STRANGER_KINDS: dict[str, Rate] = {
    "anybody": Rate(0.78, "most patients of a county hospital are not registered poor"),
    "kin of a registered household": Rate(
        0.20, "split households: same surname, village, given-name character"
    ),
    "with a registered relative's number": Rate(0.02, "a borrowed card, his own name"),
}

NUMBER: dict[str, Rate] = {
    "one slip": Rate(0.012, "typing 18 digits by hand: about 1 in 100 entries has one wrong key"),
    "old form": Rate(0.005, "15 digits, in household books of before 1999"),
    "relative's": Rate(0.008, "the mother's or husband's card is shown for a child or wife"),
}
NAME: dict[str, Rate] = {
    "homophone": Rate(
        0.015, "names are said, not shown; input by pinyin offers the commoner character"
    ),
    "variant": Rate(0.008, "闫/阎, 付/傅, traditional characters in old books"),
    "look-alike": Rate(0.003, "read from handwriting"),
    "one character wrong": Rate(0.001, "anything else"),
}
DOTTED: dict[str, Rate] = {
    "dot dropped": Rate(0.30, "keyboards at the counter have no middle dot"),
    "dot replaced": Rate(0.20, "a full stop, a space, another code point"),
    "cut to four": Rate(0.05, "old systems have room for four characters"),
}
BIRTH: dict[str, Rate] = {
    "lunar": Rate(0.010, "old people tell the lunar date"),
    "first of January": Rate(0.008, "only the year is known"),
    "day and month exchanged": Rate(0.002, "typing"),
    "year off by one": Rate(0.005, "nominal age"),
    "one digit": Rate(0.005, "typing"),
}
PLACE: dict[str, Rate] = {
    "moved": Rate(0.03, "married or working elsewhere in the county"),
    "township only": Rate(0.12, "told without the village"),
}
