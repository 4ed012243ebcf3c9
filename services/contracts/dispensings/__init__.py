"""Drugs of the four chronic diseases: the insurance first, then the fund up to a yearly cap (XB-25)."""
