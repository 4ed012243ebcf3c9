"""Encounters: a visit's case, from its opening to its settlement."""
