"""Reconciliation: the hospital's day against ours, the differences found to the record."""
