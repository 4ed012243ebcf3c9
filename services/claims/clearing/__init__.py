"""Clearing: the funds pay the facilities what they owe for settled bills, month by month."""
