"""A report as DOCX for a 汇报: it is written on before it is read out."""

from __future__ import annotations

import io
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from services.reporting.exports.domain import Report, Stamp, Table, shown
from services.reporting.exports.workbook import kind_of

_FONT = "Noto Sans SC"


def briefing(report: Report, stamp: Stamp) -> bytes:
    """Title, facts, sentences, and each table with its head repeated on every page."""
    document = Document()
    style: Any = document.styles["Normal"]
    style.font.name, style.font.size = _FONT, Pt(10.5)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    _footer(section.footer.paragraphs[0], stamp)
    section.header.paragraphs[0].text = stamp.text
    title = document.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = title.add_run(f"{report.title}\n{report.subtitle}")
    run.bold, run.font.size = True, Pt(16)
    if report.mark:
        document.add_paragraph(report.mark).runs[0].bold = True
    for name, value in report.facts:
        document.add_paragraph(f"{name}:{value}")
    for sentence in report.summary:
        document.add_paragraph(sentence)
    for table in report.tables:
        document.add_paragraph().add_run(table.title).bold = True
        _table(document, table)
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def _table(document: Any, table: Table) -> None:
    head_rows = 2 if table.grouped else 1
    made = document.add_table(rows=head_rows, cols=len(table.columns), style="Table Grid")
    if table.grouped:
        at = 0
        for group, span in table.groups():
            if group:
                made.cell(0, at).merge(made.cell(0, at + span - 1)).text = group
                for number in range(at, at + span):
                    made.cell(1, number).text = table.columns[number].title
            else:
                for number in range(at, at + span):
                    made.cell(0, number).merge(made.cell(1, number))
                    made.cell(0, number).text = table.columns[number].title
            at += span
    else:
        for number, column in enumerate(table.columns):
            made.cell(0, number).text = column.title
    for row in made.rows[:head_rows]:
        repeated = OxmlElement("w:tblHeader")
        repeated.set(qn("w:val"), "true")
        row._tr.get_or_add_trPr().append(repeated)  # noqa: SLF001 - the library has no word for it
    for values in table.rows:
        cells = made.add_row().cells
        for cell, column, value in zip(cells, table.columns, values, strict=True):
            cell.text = shown(value, kind_of(column.kind, value))
            if column.kind != "text":
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _footer(paragraph: Any, stamp: Stamp) -> None:
    paragraph.add_run("第 ")
    _field(paragraph, "PAGE")
    paragraph.add_run(" 页 共 ")
    _field(paragraph, "NUMPAGES")
    paragraph.add_run(f" 页    文件编号 {stamp.copy_id}")


def _field(paragraph: Any, code: str) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), code)
    paragraph._p.append(field)  # noqa: SLF001 - the library has no word for it
