import asyncio

from addons.proxy.deadline import Deadline
from tests.addons.proxy.conversation import live


class Clock:
    """A deadline and what it has done."""

    def __init__(self) -> None:
        self.deadline = Deadline(self.fire)
        self.fired: list[str] = []

    def fire(self) -> None:
        self.fired.append(self.deadline.take())


@live
async def test_it_fires_once_under_its_name() -> None:
    clock = Clock()
    clock.deadline.set("idle", 0.01)
    await asyncio.sleep(0.05)
    assert clock.fired == ["idle"]
    assert clock.deadline.take() == ""


@live
async def test_it_is_not_early() -> None:
    clock, now = Clock(), asyncio.get_running_loop().time
    started = now()
    clock.deadline.set("x", 0.03)
    while not clock.fired:
        await asyncio.sleep(0.001)
    assert now() - started >= 0.028


@live
async def test_moved_later_it_waits() -> None:
    clock = Clock()
    clock.deadline.set("first", 0.02)
    clock.deadline.set("second", 0.08)
    await asyncio.sleep(0.05)
    assert clock.fired == []
    await asyncio.sleep(0.06)
    assert clock.fired == ["second"]


@live
async def test_moved_again_and_again_it_never_fires() -> None:
    clock = Clock()
    for _ in range(30):
        clock.deadline.set("idle", 0.15)
        await asyncio.sleep(0.01)
    assert clock.fired == []


@live
async def test_moved_earlier_it_hurries() -> None:
    clock = Clock()
    clock.deadline.set("late", 60)
    clock.deadline.set("soon", 0.01)
    await asyncio.sleep(0.05)
    assert clock.fired == ["soon"]


@live
async def test_cleared_it_is_silent_and_leaves_nothing_behind() -> None:
    clock = Clock()
    clock.deadline.set("x", 0.01)
    clock.deadline.clear()
    clock.deadline.clear()
    await asyncio.sleep(0.03)
    assert clock.fired == []
    clock.deadline.set("y", 0.01)
    clock.deadline.set("y", None)
    await asyncio.sleep(0.03)
    assert clock.fired == []
    assert clock.deadline.take() == ""


@live
async def test_what_is_taken_too_early_is_nothing() -> None:
    clock = Clock()
    clock.deadline.set("x", 60)
    assert clock.deadline.take() == ""
    clock.deadline.clear()


@live
async def test_it_can_be_set_anew_after_it_fired() -> None:
    clock = Clock()
    for name in ("one", "two"):
        clock.deadline.set(name, 0.01)
        await asyncio.sleep(0.04)
    assert clock.fired == ["one", "two"]
