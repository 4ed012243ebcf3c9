"""Yearly check-ups: recorded each, paid once per person and calendar year (XB-22, XB-23)."""
