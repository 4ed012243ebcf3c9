"""Aliases from a table that a county can extend.

The form of the file (UTF-8, tabs between the columns, ``#`` begins a comment line)::

    surname<TAB>阿鲁<TAB>卢        a clan name and the Han surname that its people took
    name<TAB>吉克阿依<TAB>马小兰    two whole names of one person

The table that comes with the package is ``matching/data/yi_aliases.tsv``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.identity.matching.names import tables
from services.identity.matching.names.forms import fold_name

_CLAN_LENGTHS = (3, 2)
_COLUMNS = 3


class AliasTableUnreadable(ValueError):
    """A row of a table of aliases is not of the documented form; ``row`` counts from 1."""

    def __init__(self, row: int) -> None:
        super().__init__(
            f"row {row} of the alias table is not of the form kind, name, name with tabs between"
            " and kind surname or name; correct the row"
        )
        self.row = row


@dataclass(frozen=True, slots=True)
class AliasTable:
    """Which further names a name of the region may go by; both mappings hold folded names."""

    clans: Mapping[str, tuple[str, ...]]
    names: Mapping[str, tuple[str, ...]]

    def of(self, name: str) -> tuple[str, ...]:
        """The aliases of a name, for ``prepare_name(name, aliases=table.of(name))``.

        A clan name gives the Han name; the Han name gives no clan names, for the comparison asks
        in both directions and a Han surname says nothing of the clan.
        """
        folded = fold_name(name)
        found = list(self.names.get(folded, ()))
        for length in _CLAN_LENGTHS:
            given = folded[length:]
            if given:
                found += [surname + given for surname in self.clans.get(folded[:length], ())]
        return tuple(dict.fromkeys(found))

    def extended(self, other: AliasTable) -> AliasTable:
        """This table and another one."""
        return AliasTable(_joined(self.clans, other.clans), _joined(self.names, other.names))


def parse_aliases(text: str) -> AliasTable:
    """Read a table of aliases.

    Raises:
        AliasTableUnreadable: a row has another number of columns, an unknown kind or no name.
    """
    clans: dict[str, tuple[str, ...]] = {}
    names: dict[str, tuple[str, ...]] = {}
    for number, row in enumerate(tables.parse_rows(text), start=1):
        folded = [fold_name(name) for name in row[1:]]
        if len(row) != _COLUMNS or not all(folded):
            raise AliasTableUnreadable(number)
        if row[0] == "surname":
            clans[folded[0]] = (*clans.get(folded[0], ()), folded[1])
        elif row[0] == "name":
            names[folded[0]] = (*names.get(folded[0], ()), folded[1])
            names[folded[1]] = (*names.get(folded[1], ()), folded[0])
        else:
            raise AliasTableUnreadable(number)
    return AliasTable(clans, names)


def load_aliases(paths: Iterable[Path] = ()) -> AliasTable:
    """The table of the package, extended by a county's files.

    Raises:
        AliasTableUnreadable: see ``parse_aliases``.
        OSError: a file cannot be read.
    """
    table = _packaged()
    for path in paths:
        table = table.extended(parse_aliases(path.read_text(encoding="utf-8-sig")))
    return table


@cache
def _packaged() -> AliasTable:
    return parse_aliases("\n".join("\t".join(row) for row in tables.rows("yi_aliases.tsv")))


def _joined(
    one: Mapping[str, tuple[str, ...]], other: Mapping[str, tuple[str, ...]]
) -> Mapping[str, tuple[str, ...]]:
    return {
        name: tuple(dict.fromkeys((*one.get(name, ()), *other.get(name, ()))))
        for name in (*one, *other)
    }
