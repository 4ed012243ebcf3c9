"""Contracts between registered persons and family-doctor teams, one in force at a time."""
