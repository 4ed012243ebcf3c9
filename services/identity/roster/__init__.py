"""Rosters: files of registered persons, checked row by row, compared, applied at once."""
