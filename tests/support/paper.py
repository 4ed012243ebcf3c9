"""Reading printed documents again."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest


def text_of(document: bytes, folder: Path) -> str:
    """What stands in a PDF, spaces left out; needs poppler's ``pdftotext``."""
    tool = shutil.which("pdftotext")
    if tool is None:
        pytest.skip("needs pdftotext (poppler-utils) on the PATH")
    file = folder / "printed.pdf"
    file.write_bytes(document)
    done = subprocess.run([tool, "-layout", str(file), "-"], capture_output=True, check=True)
    return re.sub(r"\s+", "", done.stdout.decode())
