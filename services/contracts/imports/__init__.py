"""Contracts in bulk: a workbook in, a verdict for each row, the whole batch taken back."""
