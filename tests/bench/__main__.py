"""``make bench``: the product against hand-written endpoints, and its parts alone, in one run.

``python -m tests.bench [part …]`` runs some parts; ``--large`` lets each go to its full size.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from rich.console import Console

from shared.observability.logging import configure as configure_logging
from tests.bench import (
    big_register,
    engine_alone,
    guessing,
    imports,
    over_http,
    planning,
    printing,
    rebuilding,
    stored,
)
from tests.bench.matching import speed

Part = Callable[[Console, bool], None]
"""Prints its figures; the second argument says whether it may take its full size."""

PARTS: dict[str, Part] = {
    "engine": engine_alone.run,
    "guessing": guessing.run,
    "http": over_http.run,
    "imports": imports.run,
    "printing": printing.run,
    "match": speed.run,
    "planning": planning.run,
    "rebuild": rebuilding.run,
    "register": big_register.run,
    "stored": stored.run,
}
LARGE_ONLY: frozenset[str] = frozenset()
"""Parts that take minutes: run with ``--large``, or when they are named."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], help=", ".join(PARTS))
    parser.add_argument("--large", action="store_true", help="full sizes: many minutes")
    given = parser.parse_args()
    configure_logging(json=True, level="WARNING")
    console = Console()
    for name in given.part or [n for n in PARTS if given.large or n not in LARGE_ONLY]:
        console.rule(f"[bold]{name}[/]  ({os.cpu_count()} cores, load {os.getloadavg()[0]:.1f})")
        PARTS[name](console, given.large)


if __name__ == "__main__":
    main()
