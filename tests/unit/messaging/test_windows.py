"""Goal: what is not urgent lets windows go first, but not for ever."""

import asyncio
import time
from contextlib import suppress

from shared.runtime import windows


async def test_nobody_waits_so_nothing_is_put_off():
    began = time.monotonic()
    await windows.let_go_first(5.0)
    assert time.monotonic() - began < 4


async def test_it_goes_on_when_the_last_one_has_his_answer():
    """Method: two wait, one after the other is answered."""
    order: list[str] = []

    async def relay() -> None:
        await windows.let_go_first(5.0)
        order.append("relay")

    with windows.waits():
        with windows.waits():
            relaying = asyncio.create_task(relay())
            await asyncio.sleep(0.03)
        await asyncio.sleep(0.03)
        order.append("answered")
    await asyncio.wait_for(relaying, 2)
    assert order == ["answered", "relay"]


async def test_it_goes_on_in_any_case():
    """Goal: a crowd at the windows stops no event."""
    with windows.waits():
        await asyncio.wait_for(windows.let_go_first(0.02), 2)


async def test_a_failure_at_the_window_counts_as_an_answer():
    with suppress(LookupError), windows.waits():
        raise LookupError
    await asyncio.wait_for(windows.let_go_first(60.0), 2)
