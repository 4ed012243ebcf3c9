"""Evidence files: what is kept and what is not, by content and name."""

import io
import zipfile

import docx
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.register.files import (
    ENDINGS,
    MOST_NAME_CHARS,
    FileHoldsMacros,
    FileKindRefused,
    kind_of,
    tidy_name,
)

PDF = b"%PDF-1.7\n1 0 obj\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00"


def packed(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as parts:
        for name in names:
            parts.writestr(name, "x")
    return file.getvalue()


def saved(document: object) -> bytes:
    file = io.BytesIO()
    document.save(file)  # type: ignore[attr-defined]
    return file.getvalue()


def test_what_is_kept() -> None:
    """Goal: the five kinds. Method: real files of each, with endings in any case."""
    assert kind_of("扫描.PDF", PDF) == "pdf"
    assert [kind_of(name, JPEG) for name in ("a.jpg", "a.jpeg")] == ["jpeg", "jpeg"]
    assert kind_of("a.png", PNG) == "png"
    assert kind_of("a.xlsx", saved(openpyxl.Workbook())) == "xlsx"
    assert kind_of("a.docx", saved(docx.Document())) == "docx"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.exe", b"MZ\x90\x00"),
        ("a.pdf", b"MZ\x90\x00"),
        ("a.exe", PDF),
        ("a.pdf.exe", PDF),
        ("a.html", b"<html><script>"),
        ("a.svg", b"<svg onload=x>"),
        ("a.pdf", PNG),
        ("a.xlsx", saved(docx.Document())),
        ("a.zip", packed("a.txt")),
        ("a.xlsx", packed("xl/workbook.xml")),
        ("a.xlsx", packed("[Content_Types].xml", "xl/workbook.xml", "word/document.xml")),
        ("a.xlsx", b"PK\x03\x04 cut off"),
        ("a.pdf", b" %PDF-1.7"),
        ("pdf", PDF),
    ],
)
def test_what_is_not_kept(name: str, content: bytes) -> None:
    """Goal: nothing that runs, nothing under another's name. Method: programs, pages, archives,
    files that say one kind and are another."""
    with pytest.raises(FileKindRefused):
        kind_of(name, content)


@pytest.mark.parametrize("macros", ["xl/vbaProject.bin", "XL/VBAPROJECT.BIN", "word/vbaData.xml"])
def test_macros(macros: str) -> None:
    """Goal: no program inside a document. Method: a workbook with its parts."""
    with pytest.raises(FileHoldsMacros):
        kind_of("a.xlsx", packed("[Content_Types].xml", "xl/workbook.xml", macros))


@given(
    st.binary(max_size=64),
    st.text(max_size=12),
    st.sampled_from([PDF, JPEG, PNG, b"PK\x03\x04", b""]),
)
def test_any_bytes_under_any_name(content: bytes, name: str, begins: bytes) -> None:
    """Goal: any file is judged, and what is kept ends as its kind does. Method: any bytes behind
    any beginning, under any name."""
    try:
        kind = kind_of(name, begins + content)
    except FileKindRefused:
        return
    assert name.lower().endswith(ENDINGS[kind])


@given(st.text(max_size=300))
def test_names_are_tidy(name: str) -> None:
    """Goal: no folder, no line end, no endless name. Method: any name; an ending stays."""
    shown = tidy_name(name)
    assert len(shown) <= MOST_NAME_CHARS
    assert not set("/\\\r\n\0") & set(shown)
    assert tidy_name(f"..\\a/{name}.pdf").endswith(".pdf")
