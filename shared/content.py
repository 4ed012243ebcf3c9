"""Content files that the product itself carries, in YAML.

Packs are written by others and read strictly: see :mod:`shared.policy.reading`.
"""

from __future__ import annotations

from typing import Any

import yaml

# libyaml's parser takes a tenth of the time; PyYAML may have been built without it.
_Loader: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Any:
    """The content of a YAML text, as ``yaml.safe_load`` gives it.

    Raises:
        yaml.YAMLError: the text is no YAML.
    """
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - both are safe loaders
