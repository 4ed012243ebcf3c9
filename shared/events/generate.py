"""``python -m shared.events.generate``: write the schemas and ``asyncapi.yaml`` from the catalog.

``--check`` writes nothing and fails when the files differ from the catalog. A change that would
break a reader is refused; ``--allow-breaking`` is for types that nobody reads yet.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from shared.events.asyncapi import document_text
from shared.events.base import Event
from shared.events.catalog import ALL
from shared.events.schemas import breaking_changes, event_schema, identifying_fields, schema_text

FOLDER = Path(__file__).parent


def generated(events: Sequence[type[Event]] = ALL) -> dict[str, str]:
    """Every generated file's text, by its path below ``shared/events``."""
    files = {f"schemas/{each.type_name()}.json": schema_text(event_schema(each)) for each in events}
    files["asyncapi.yaml"] = document_text(events)
    return files


def drift(files: dict[str, str], folder: Path) -> list[str]:
    """Files that are missing, outdated, or of no type in the catalog."""
    faults = []
    for path, wanted in sorted(files.items()):
        file = folder / path
        if not file.exists():
            faults.append(f"{path} is missing")
        elif file.read_text(encoding="utf-8") != wanted:
            faults.append(f"{path} differs from the catalog")
    present = sorted(f"schemas/{file.name}" for file in (folder / "schemas").glob("*.json"))
    return faults + [
        f"{path} is of no type in the catalog" for path in present if path not in files
    ]


def broken_promises(files: dict[str, str], folder: Path) -> list[str]:
    """What the files would break for readers of those in ``folder``."""
    faults = []
    for file in sorted((folder / "schemas").glob("*.json")):
        wanted = files.get(f"schemas/{file.name}")
        if wanted is None:
            faults.append(f"{file.stem}: the type is gone")
            continue
        old = json.loads(file.read_text(encoding="utf-8"))
        changes = breaking_changes(old, json.loads(wanted))
        faults += [f"{file.stem}: {change}" for change in changes]
    return faults


def identifiers(files: dict[str, str]) -> list[str]:
    """Fields of events that are named like a direct identifier."""
    return [
        f"{path}: {name} names a direct identifier"
        for path, words in sorted(files.items())
        if path.endswith(".json")
        for name in identifying_fields(json.loads(words))
    ]


def write(files: dict[str, str], folder: Path) -> None:
    """Bring the folder in line with the files."""
    (folder / "schemas").mkdir(exist_ok=True)
    for file in (folder / "schemas").glob("*.json"):
        if f"schemas/{file.name}" not in files:
            file.unlink()
    for path, words in files.items():
        (folder / path).write_text(words, encoding="utf-8")


def main(arguments: Sequence[str] | None = None, folder: Path = FOLDER) -> int:
    parser = argparse.ArgumentParser(prog="python -m shared.events.generate")
    parser.add_argument("--check", action="store_true", help="write nothing, fail on differences")
    parser.add_argument(
        "--allow-breaking", action="store_true", help="for types that nobody reads yet"
    )
    options = parser.parse_args(arguments)
    files = generated()
    faults = identifiers(files)
    if options.check:
        faults += drift(files, folder)
        cure = "run: python -m shared.events.generate"
    else:
        faults += [] if options.allow_breaking else broken_promises(files, folder)
        cure = "make a new version of the type, or the field optional"
    if faults:
        sys.stderr.write("\n".join([*faults, cure, ""]))
        return 1
    if not options.check:
        write(files, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
