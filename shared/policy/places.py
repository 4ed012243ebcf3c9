"""From a fault's key path to the line of the file on which it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from importlib.resources.abc import Traversable

import yaml

from shared.policy.errors import Fault
from shared.policy.reading import compose

_POSITION = re.compile(r"\[([0-9]+)\]")


def with_lines(faults: Iterable[Fault], folder: Traversable) -> list[Fault]:
    """The faults, sorted, each with its line where the file can tell.

    What is missing has no line of its own: it gets that of the mapping in which it is missed.
    """
    trees: dict[str, yaml.Node | None] = {}
    told = []
    for fault in sorted(faults):
        if not fault.line:
            if fault.file not in trees:
                trees[fault.file] = _tree(folder, fault.file)
            tree = trees[fault.file]
            if tree is not None:
                told.append(replace(fault, line=line_of(tree, fault.where)))
                continue
        told.append(fault)
    return told


def _tree(folder: Traversable, name: str) -> yaml.Node | None:
    try:
        return compose(folder.joinpath(name).read_bytes().decode("utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return None  # the fault itself says that the file cannot be read


def line_of(node: yaml.Node, where: str) -> int:
    """The line, from 1, of the deepest part of ``where`` that the file holds."""
    line, rest = node.start_mark.line + 1, where
    while rest:
        found = _step(node, rest)
        if found is None:
            break
        line, node, rest = found
    return line


def _step(node: yaml.Node, path: str) -> tuple[int, yaml.Node, str] | None:
    """One part further: its line, its node, the path below it. Keys may themselves hold dots."""
    if isinstance(node, yaml.MappingNode):
        keys = [(str(key.value), key, value) for key, value in node.value]
        for name, key, value in sorted(keys, key=lambda entry: -len(entry[0])):
            rest = path[len(name) :]
            if path.startswith(name) and (not rest or rest[0] in ".["):
                return key.start_mark.line + 1, value, rest.removeprefix(".")
        return None
    if not isinstance(node, yaml.SequenceNode):
        return None
    position = _POSITION.match(path)
    if position is not None:
        index = int(position.group(1))
        if index >= len(node.value):
            return None
        item = node.value[index]
        return item.start_mark.line + 1, item, path[position.end() :].removeprefix(".")
    for item in node.value:  # ``tiers.medical_aid``: an item by its own id
        name = _own_id(item)
        rest = path[len(name) :]
        if name and path.startswith(name) and (not rest or rest[0] in ".["):
            return item.start_mark.line + 1, item, rest.removeprefix(".")
    return None


def _own_id(item: yaml.Node) -> str:
    if isinstance(item, yaml.MappingNode):
        for key, value in item.value:
            if key.value == "id" and isinstance(value, yaml.ScalarNode):
                return str(value.value)
    return ""
