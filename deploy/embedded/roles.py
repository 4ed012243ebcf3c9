"""Databases and roles: one of each per service, and none may enter another's."""

import re

import asyncpg

SUPERUSER = "postgres"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def check_name(name: str) -> None:
    """Refuse a name that would need quoting or that PostgreSQL keeps for itself.

    Raises:
        ValueError: it is such a name.
    """
    reserved = {SUPERUSER, "template0", "template1", "public", "none"}
    if _NAME.fullmatch(name) is None or name in reserved or name.startswith("pg_"):
        raise ValueError(
            f"{name!r} cannot name a database: use lower-case letters, digits and _, at most 63, "
            "beginning with a letter, and none of PostgreSQL's own names."
        )


async def make_database(superuser_dsn: str, name: str, password: str) -> None:
    """Make the role and the database it owns, or bring existing ones to the same state."""
    connection = await asyncpg.connect(superuser_dsn, timeout=30)
    try:
        # The name is checked and the password is our own URL-safe text: neither needs quoting.
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
            await connection.execute(f'CREATE ROLE "{name}"')
        await connection.execute(
            f'ALTER ROLE "{name}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION '
            f"PASSWORD '{password}'"
        )
        # An error message may quote a value (invalid input syntax for type date: "..."). The
        # application reports its errors itself; the server's log need not.
        await connection.execute(f'ALTER ROLE "{name}" SET log_min_messages = log')
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name}" OWNER "{name}"')
        await connection.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
    finally:
        await connection.close()


async def close_to_others(connection: asyncpg.Connection) -> None:
    """Leave the maintenance databases to the superuser; every role has its own database."""
    try:
        for name in ("postgres", "template1"):
            query = "SELECT has_database_privilege('public', $1, 'CONNECT')"
            if await connection.fetchval(query, name):
                await connection.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
    finally:
        await connection.close()
