"""HTTP clients for the few calls from one service to another (something to show *now*).

In the embedded host they go through ``httpx.ASGITransport``; in a cluster to base URLs.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx


class PeerUnknown(LookupError):
    """No address is configured for this service."""


class Peers:
    """One ``httpx.AsyncClient`` per service, by name; ``own_token`` signs the calls."""

    def __init__(self, clients: Mapping[str, httpx.AsyncClient]) -> None:
        self._clients = dict(clients)

    def client(self, service: str) -> httpx.AsyncClient:
        """The client whose base URL is that service's host.

        Raises:
            PeerUnknown: the host was not told where that service is.
        """
        try:
            return self._clients[service]
        except KeyError:
            raise PeerUnknown(
                f"no address for service {service!r}: set YIZHAN_{service.upper()}_URL"
            ) from None

    def known(self) -> tuple[str, ...]:
        return tuple(self._clients)

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()
