"""Printed documents: a template and data become a PDF, typeset in the process, fonts included.

A service keeps its templates (``*.typ``) beside its slice and calls :func:`shared.documents.pdf`.
Data reach a template as JSON and are printed as they are: nothing in them is ever markup.
"""

from shared.documents.typesetting import DocumentTooLarge, pdf

__all__ = ["DocumentTooLarge", "pdf"]
