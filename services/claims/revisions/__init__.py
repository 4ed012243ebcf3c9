"""Revisions: a settled bill is settled anew on what is known now, with a voucher of differences."""
