"""Comparison of prepared names, cheapest questions first."""

from __future__ import annotations

from rapidfuzz.distance import JaroWinkler

from services.identity.matching.names import tables
from services.identity.matching.names.folding import DOT
from services.identity.matching.names.forms import LONG_NAME, NameForm, surname_length
from services.identity.matching.names.latin import phonetic
from services.identity.matching.names.levels import NameLevel

SIMILAR_FROM = 0.92
_SHORTEST_PART = 2
_MOST_WORDS = 2
_SAME, _SOUND, _SHAPE, _ACCENT = 1.0, 0.9, 0.8, 0.75


def compare_names(asked: NameForm, registered: NameForm) -> NameLevel:
    """The level of evidence that two names are one person's; symmetric."""
    one, other = asked.folded, registered.folded
    if one == other:
        if not one:
            return NameLevel.DIFFERS
        return NameLevel.EXACT if asked.written == registered.written else NameLevel.VARIANT
    if registered.aliases and one in registered.aliases and one:
        return NameLevel.ALIAS
    if asked.aliases and other in asked.aliases and other:
        return NameLevel.ALIAS
    if asked.script == "latin" or registered.script == "latin":
        return _compare_latin(asked, registered)
    if len(one) == len(other):
        return _compare_same_length(asked, registered)
    return _compare_lengths(asked, registered)


def same_sound(asked: NameForm, registered: NameForm) -> bool:
    """Whether two Chinese names have the same toneless syllables in some of their readings."""
    one, other = asked.syllables, registered.syllables
    if one == other:
        return True
    if not (asked.readings or registered.readings) or len(one) != len(other):
        return False
    ones = asked.readings or [(syllable,) for syllable in one]
    others = registered.readings or [(syllable,) for syllable in other]
    return all(a[0] == b[0] or not set(a).isdisjoint(b) for a, b in zip(ones, others, strict=True))


def _compare_same_length(asked: NameForm, registered: NameForm) -> NameLevel:
    one, other = asked.folded, registered.folded
    length = len(one)
    if same_sound(asked, registered):
        return NameLevel.HOMOPHONE
    alike = 0
    odd = 0
    for position in range(length):
        if one[position] == other[position]:
            alike += 1
        else:
            odd = position
    if alike == length - 1 and length > 1:
        if one[odd] + other[odd] in tables.lookalikes():
            return NameLevel.LOOKALIKE
        if _same_accent(asked, registered):
            return NameLevel.ACCENT
        # 王伟 and 王芳 have the surname in common, which says next to nothing.
        return NameLevel.PARTIAL if length > _SHORTEST_PART or odd == 0 else NameLevel.DIFFERS
    if _same_accent(asked, registered):
        return NameLevel.ACCENT
    if set(one) == set(other) and sorted(one) == sorted(other):
        return NameLevel.REORDERED
    if length >= LONG_NAME:
        close = sum(map(str.__eq__, asked.syllables, registered.syllables))
        if close >= length - 1 or one[surname_length(one) :] == other[surname_length(other) :]:
            return NameLevel.PARTIAL
    return NameLevel.DIFFERS


def _same_accent(asked: NameForm, registered: NameForm) -> bool:
    accentless = tables.accentless
    for one, other in zip(asked.syllables, registered.syllables, strict=True):
        if one is not other and accentless(one) != accentless(other):
            return False
    return True


def _compare_lengths(asked: NameForm, registered: NameForm) -> NameLevel:
    short, long = (
        (asked, registered) if len(asked.folded) < len(registered.folded) else (registered, asked)
    )
    few, many = len(short.folded), len(long.folded)
    if few < _SHORTEST_PART:
        return NameLevel.DIFFERS
    if many >= LONG_NAME and _is_part(short, long):
        return NameLevel.TRUNCATED
    if many - few == 1 and many > _SHORTEST_PART and _lacks_one(short.folded, long.folded):
        return NameLevel.PARTIAL
    return NameLevel.DIFFERS


def _is_part(short: NameForm, long: NameForm) -> bool:
    """Whether the short name is the long one cut at its end, or without its clan name."""
    few = len(short.folded)
    begins = long.folded.startswith(short.folded)
    ends = long.folded.endswith(short.folded)
    if few >= LONG_NAME and (begins or long.syllables[:few] == short.syllables):
        return True
    if not (begins or ends):
        return False
    if long.dotted:
        lengths = [len(part) for part in long.written.split(DOT)]
        return (begins and few in _sums(lengths)) or (ends and few in _sums(lengths[::-1]))
    # Without dots only a tail after a clan name of two characters can be told from chance.
    return ends and few > _SHORTEST_PART and len(long.folded) - few >= _SHORTEST_PART


def _sums(lengths: list[int]) -> list[int]:
    total = 0
    sums = []
    for length in lengths:
        total += length
        sums.append(total)
    return sums


def _lacks_one(short: str, long: str) -> bool:
    """Whether the short name is the long one without one character of the given name."""
    if short[0] != long[0]:
        return False
    return any(short == long[:at] + long[at + 1 :] for at in range(1, len(long)))


def _compare_latin(asked: NameForm, registered: NameForm) -> NameLevel:
    if asked.script != registered.script:
        # A Chinese name typed in pinyin: "Zhang Xiaohong" for 张晓红.
        latin, han = (asked, registered) if asked.script == "latin" else (registered, asked)
        spelled = latin.folded.replace(" ", "").replace("ü", "v")
        same = spelled and spelled == "".join(han.syllables)
        return NameLevel.HOMOPHONE if same else NameLevel.DIFFERS
    one, other = asked.folded, registered.folded
    if not one or not other:
        return NameLevel.DIFFERS
    if one.replace(" ", "") == other.replace(" ", ""):
        return NameLevel.VARIANT
    words, others = asked.syllables, registered.syllables
    if len(words) > 1 and len(words) == len(others) and sorted(words) == sorted(others):
        return NameLevel.REORDERED
    if JaroWinkler.similarity(one, other, score_cutoff=SIMILAR_FROM) >= SIMILAR_FROM:
        return NameLevel.SIMILAR
    if len(words) >= _MOST_WORDS and len(others) >= _MOST_WORDS:
        if (
            words[-1] == others[-1]
            and words[0][0] == others[0][0]
            and 1 in map(len, (words[0], others[0]))
        ):
            return NameLevel.TRUNCATED
        if words[0] == others[0] or words[-1] == others[-1]:
            return NameLevel.PARTIAL
    return NameLevel.DIFFERS


def similarity(asked: NameForm, registered: NameForm) -> float:
    """How alike two names are, 0 to 1.

    Latin script: the Jaro-Winkler similarity, of the words in their better order. Chinese: the mean
    over the characters of 1 (same), 0.9 (same syllable), 0.8 (similar shape), 0.75 (same but for
    the accent), 0; missing characters count as 0.
    """
    one, other = asked.folded, registered.folded
    if not one or not other:
        return 0.0
    if one == other:
        return 1.0
    if asked.script == "latin" and registered.script == "latin":
        straight = JaroWinkler.similarity(one, other)
        if len(asked.syllables) == 1 and len(registered.syllables) == 1:
            return straight
        sorted_ = JaroWinkler.similarity(
            " ".join(sorted(asked.syllables)), " ".join(sorted(registered.syllables))
        )
        return max(straight, sorted_)
    if asked.script != registered.script:
        return _SOUND if compare_names(asked, registered) is NameLevel.HOMOPHONE else 0.0
    least = _SOUND if same_sound(asked, registered) else 0.0
    total = 0.0
    for position in range(min(len(one), len(other))):
        total += max(least, _alike(asked, registered, position))
    return total / max(len(one), len(other))


def _alike(asked: NameForm, registered: NameForm, at: int) -> float:
    if asked.folded[at] == registered.folded[at]:
        return _SAME
    if asked.syllables[at] == registered.syllables[at]:
        return _SOUND
    if asked.folded[at] + registered.folded[at] in tables.lookalikes():
        return _SHAPE
    if tables.accentless(asked.syllables[at]) == tables.accentless(registered.syllables[at]):
        return _ACCENT
    return 0.0


def name_keys(form: NameForm) -> tuple[str, ...]:
    """The keys under which a name is filed: at most six, two more for dots, one for each alias.

    Two names of a level above PARTIAL share a key, but for an undotted name that lacks its clan
    name (TRUNCATED), for pinyin in Latin letters, and for two names that both have several
    readings in more than one character. A key's letter tells its kind: ``f`` folded text, ``s``
    sound without accent, ``l`` shapes, ``o`` characters or words in order, ``t`` the sound of the
    first four characters; ``x`` phonetic words (Latin). The most selective ones come first.
    """
    if not form.folded:
        return ()
    if form.script == "latin":
        words = sorted(form.syllables)
        keys = [
            "f:" + form.folded.replace(" ", ""),
            "o:" + " ".join(words),
            "x:" + " ".join(sorted({phonetic(word) for word in words})),
            "f:" + "".join(words),
        ]
    else:
        shapes = tables.shapes()
        keys = [
            "f:" + form.folded,
            *("s:" + sound for sound in _sound_keys(form)),
            "l:" + "".join([shapes.get(char, char) for char in form.folded]),
            "o:" + "".join(sorted(form.folded)),
        ]
        if form.dotted or len(form.folded) >= LONG_NAME:
            keys.append("t:" + " ".join(form.syllables[:LONG_NAME]))
        if form.dotted:
            # Such names are told by their first part, or without the clan name before the dot.
            first = form.written.index(DOT)
            last = len(form.written) - form.written.rindex(DOT) - 1
            keys += ["f:" + form.folded[:first], "f:" + form.folded[-last:]]
    keys += ["f:" + alias for alias in form.aliases]
    return tuple(dict.fromkeys(keys))


def _sound_keys(form: NameForm) -> list[str]:
    """The sound in its usual reading and, where there are others, with the first of them."""
    keys = [" ".join(map(tables.accentless, form.syllables))]
    for at, several in enumerate(form.readings):
        if len(several) > 1:
            changed = list(form.syllables)
            changed[at] = several[1]
            keys.append(" ".join(map(tables.accentless, changed)))
            break
    return keys
