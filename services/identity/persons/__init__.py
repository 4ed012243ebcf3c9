"""Registered persons, shown masked; revealing is a second, logged call."""
