import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from addons.signing import Lease
from addons.signing.key import Bearer, Key
from tests.addons.calls import a_request


class World:
    """A clock, and a place that hands out numbered tokens which hold for a hundred seconds."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked = 0
        self.broken = False
        self.lifetime: float | None = 100.0
        self.gate = asyncio.Event()
        self.gate.set()
        self.signer = Bearer(self.fetch, self.run, lambda: self.now)

    def fetch(self) -> Lease[str]:
        self.asked += 1
        if self.broken:
            raise OSError("canary: the token server is down")
        token = f"token-{self.asked}"
        return Lease(token, None if self.lifetime is None else self.now + self.lifetime, (token,))

    async def run[T](self, work: Callable[[], T]) -> T:
        await self.gate.wait()
        return work()

    def signed(self) -> str:
        request = a_request()
        self.signer.sign(request)
        return str(request.headers["authorization"])


def test_nothing_is_signed_with_nothing() -> None:
    world = World()
    assert not world.signer.fresh and not world.signer.due and not list(world.signer.secrets())
    with pytest.raises(PermissionError):
        world.signed()


def test_what_was_fetched_holds_until_it_ends() -> None:
    world = World()
    asyncio.run(world.signer.refresh())
    assert world.signer.fresh and world.signed() == "Bearer token-1"
    world.now += 94
    assert world.signer.fresh
    world.now += 2  # a little early: the request is under way for a while
    assert not world.signer.fresh
    with pytest.raises(PermissionError):
        world.signed()


def test_it_is_due_ahead_of_its_end() -> None:
    world = World()
    asyncio.run(world.signer.refresh())
    world.now += 69
    assert not world.signer.due
    world.now += 12
    assert world.signer.due and world.signer.fresh


def test_what_tells_no_end_is_never_due() -> None:
    world = World()
    world.lifetime = None
    asyncio.run(world.signer.refresh())
    world.now += 10**9
    assert world.signer.fresh and not world.signer.due


def test_it_is_fetched_once_for_all_who_wait() -> None:
    async def many(world: World) -> None:
        world.gate.clear()
        waiting = [asyncio.create_task(world.signer.refresh()) for _ in range(20)]
        await asyncio.sleep(0)
        waiting[0].cancel()  # one who leaves takes nothing from the others
        world.gate.set()
        await asyncio.gather(*waiting[1:])

    world = World()
    asyncio.run(many(world))
    assert world.asked == 1 and world.signer.fresh


def test_a_fetch_that_fails_is_told_to_all_who_wait_and_tried_again() -> None:
    async def many(world: World) -> list[Any]:
        return await asyncio.gather(*(world.signer.refresh() for _ in range(3)), return_exceptions=True)

    world = World()
    world.broken = True
    assert [type(told) for told in asyncio.run(many(world))] == [OSError] * 3
    assert world.asked == 1
    world.broken = False
    asyncio.run(world.signer.refresh())
    assert world.signer.fresh and world.asked == 2


def test_a_fetch_ahead_that_fails_leaves_what_there_is() -> None:
    world = World()
    asyncio.run(world.signer.refresh())
    world.now += 90
    world.broken = True
    with pytest.raises(OSError):
        asyncio.run(world.signer.refresh())
    assert world.signed() == "Bearer token-1"
    assert not world.signer.due, "not at once again"
    world.now += 5
    assert world.signer.due


def test_after_a_refusal_something_new_is_fetched_once() -> None:
    world = World()
    asyncio.run(world.signer.refresh())
    used = world.signer.lease
    assert world.signer.refused(used) and not world.signer.fresh
    assert world.signer.refused(used), "somebody else, with the same"
    asyncio.run(world.signer.refresh())
    assert world.signed() == "Bearer token-2"
    assert world.signer.refused(used), "there is something newer"
    assert world.signer.fresh, "and it is not fetched again"
    assert set(world.signer.secrets()) == {"token-1", "token-2"}


def test_what_is_new_and_refused_too_is_not_fetched_at_once_again() -> None:
    world = World()
    asyncio.run(world.signer.refresh())
    assert world.signer.refused(world.signer.lease)
    asyncio.run(world.signer.refresh())
    assert not world.signer.refused(world.signer.lease)
    world.now += 6
    assert world.signer.refused(world.signer.lease)


def test_a_refusal_while_nothing_can_be_fetched_leaves_what_there_is() -> None:
    world = World()
    asyncio.run(world.signer.refresh())
    world.broken = True
    assert world.signer.refused(world.signer.lease)
    with pytest.raises(OSError):
        asyncio.run(world.signer.refresh())
    assert world.signed() == "Bearer token-1"


def test_a_key_never_changes() -> None:
    request = a_request()
    key = Key("api-key", "", "canary")
    asyncio.run(key.refresh())
    key.sign(request)
    assert request.headers["api-key"] == "canary" and list(key.secrets()) == ["canary"]
    assert key.fresh and not key.renewable and not key.due and not key.refused(None)


def test_an_empty_key_is_not_sent() -> None:
    request = a_request()
    before = request.headers.fields
    Key("authorization", "Bearer ", "").sign(request)
    assert request.headers.fields == before and not list(Key("a", "", "").secrets())
