"""Charges: the lines of a visit's bill, sent in batches."""
