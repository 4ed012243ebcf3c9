"""The one-machine host's own PostgreSQL: launcher, folders and accounts.

Only this package may touch the wheel that carries the PostgreSQL binaries.
"""
