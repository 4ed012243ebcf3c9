"""What the driver raises when a statement or its connection failed."""

from __future__ import annotations

from typing import Final

import asyncpg

DRIVER_ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""The third has no parent in common with the others: asyncpg raises it when the server ends a
connection in the middle of a statement and the protocol's own state no longer fits."""
