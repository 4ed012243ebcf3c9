"""Which columns hold values that the vault has encrypted, so that they can be encrypted anew.

A sealed value opens only under the name of the column it was written for
(:mod:`shared.security.crypto`). The table's column carries that name; it is not always its own: a
record keeps its name when it moves from a staging table to the register.
"""

from __future__ import annotations

from sqlalchemy import Column, MetaData, Table

_SEALED = "sealed_as"


def sealed_as(name: str) -> dict[str, str]:
    """The ``info`` of a column whose values the vault encrypted for ``name`` ("persons.name")."""
    return {_SEALED: name}


def name_of(column: Column[bytes]) -> str | None:
    """The name for which the column's values are encrypted; None: they are not."""
    name = column.info.get(_SEALED)
    return str(name) if name is not None else None


def sealed_columns(metadata: MetaData) -> dict[Table, dict[Column[bytes], str]]:
    """Every table with sealed columns, each with the name for which it is encrypted."""
    found: dict[Table, dict[Column[bytes], str]] = {}
    for table in metadata.sorted_tables:
        columns = {each: name for each in table.columns if (name := name_of(each)) is not None}
        if columns:
            found[table] = columns
    return found
