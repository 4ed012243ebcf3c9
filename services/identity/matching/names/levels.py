"""How alike two names are, as levels of evidence."""

from __future__ import annotations

from enum import StrEnum


class NameLevel(StrEnum):
    """What two names have in common, the strongest evidence first."""

    EXACT = "exact"
    """The same characters (full-width letters, spaces and the kind of dot do not matter)."""
    VARIANT = "variant"
    """The same but for traditional or variant characters, dots left out, or case."""
    ALIAS = "alias"
    """A former name, or an alias of the county's table (Yi and Han names of a person)."""
    HOMOPHONE = "homophone"
    """Other characters, the same syllables without tones; surnames by their own readings."""
    LOOKALIKE = "lookalike"
    """The same but for one character of similar shape."""
    REORDERED = "reordered"
    """The same characters or words in another order."""
    TRUNCATED = "truncated"
    """A long name cut short: one begins with the other, or lacks its clan name."""
    ACCENT = "accent"
    """The same syllables once the distinctions that Sichuan speech drops are dropped (n/l …)."""
    PARTIAL = "partial"
    """Two of three characters agree, or the given name alone, or one character is missing."""
    SIMILAR = "similar"
    """Latin script: Jaro-Winkler similarity of at least 0.92."""
    DIFFERS = "differs"
