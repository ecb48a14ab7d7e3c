import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.config_routes import Health
from addons.standing import LONGEST_PAUSE, Ejection, Standing

HEALTH = Health.model_validate(
    {"consecutive": 3, "min_requests": 10, "window": "10s", "cooldown": {"base": "1s", "max": "5s"}}
)


def failing(standing: Standing, times: int, now: float = 0.0) -> Ejection | None:
    """The last of so many failures."""
    found = None
    for _ in range(times):
        found = standing.failed(now, HEALTH, 0, probe=False)
    return found


def out(now: float = 0.0) -> Standing:
    """A backend that has just been taken out, for a second."""
    standing = Standing("a", "m")
    assert failing(standing, 3, now) == ("consecutive", 1.0)
    return standing


def test_failures_in_a_row() -> None:
    standing = Standing("a", "m")
    assert failing(standing, 2) is None and standing.state() == "well"
    standing.succeeded(0, HEALTH)
    assert failing(standing, 2) is None
    assert failing(standing, 1) == ("consecutive", 1.0)
    assert standing.state() == "out"


def test_it_is_not_asked_until_its_time_is_over() -> None:
    standing = out(now=100)
    assert not standing.is_asked(100.9)
    assert standing.is_asked(101)


def test_one_probe_at_a_time() -> None:
    standing = out()
    standing.probing = True
    assert standing.state() == "probing" and not standing.is_asked(1000)


def test_each_failed_probe_doubles_the_time_up_to_a_limit() -> None:
    standing, times = out(), []
    for _ in range(4):
        ejection = standing.failed(standing.until, HEALTH, 0, probe=True)
        assert ejection and ejection.reason == "probe"
        times.append(ejection.seconds)
    assert times == [2, 4, 5, 5]


def test_after_a_good_probe_it_is_on_probation() -> None:
    standing = out()
    standing.returned(1, HEALTH)
    assert standing.state() == "well" and standing.is_asked(1)
    assert failing(standing, 1, now=1.5) == ("consecutive", 2.0)
    standing.returned(4, HEALTH)
    standing.succeeded(4, HEALTH)
    assert failing(standing, 2, now=4) is None


def test_who_was_well_for_long_begins_anew() -> None:
    standing = out()
    standing.returned(1, HEALTH)
    standing.succeeded(1, HEALTH)
    assert failing(standing, 3, now=7) == ("consecutive", 1.0)


def test_what_was_under_way_when_it_was_taken_out_changes_nothing() -> None:
    standing = out()
    assert failing(standing, 9, now=0.5) is None
    assert standing.until == 1
    standing.succeeded(0.6, HEALTH)
    assert standing.state() == "out"


def test_a_provider_that_asks_for_a_pause_gets_it_at_once() -> None:
    standing = Standing("a", "m")
    assert standing.failed(0, HEALTH, 7, probe=False) == ("retry_after", 7)
    assert standing.failed(1, HEALTH, 20, probe=False) is None
    assert standing.until == 21
    assert Standing("a", "m").failed(0, HEALTH, 1e9, probe=False) == ("retry_after", LONGEST_PAUSE)


def test_a_share_of_failures_within_the_window() -> None:
    standing = Standing("a", "m")
    for second in range(5):
        standing.succeeded(second, HEALTH)
        last = standing.failed(second, HEALTH, 0, probe=False)
        assert (last is None) is (second < 4)
    assert last and last.reason == "error_rate"


def test_what_is_older_than_the_window_is_forgotten() -> None:
    standing = Standing("a", "m")
    for second in range(30):
        standing.succeeded(second, HEALTH)
        if second < 4:
            assert standing.failed(second, HEALTH, 0, probe=False) is None
    for second in (30.0, 31.0, 32.0):
        standing.succeeded(second, HEALTH)
        assert standing.failed(second, HEALTH, 0, probe=False) is None


def test_latency_is_a_mean_that_fades() -> None:
    standing = Standing("a", "m")
    assert standing.latency(0) == 0
    standing.measure(1.0, 0)
    standing.measure(2.0, 0)
    assert standing.latency(0) == pytest.approx(1.3)
    assert standing.latency(30) == pytest.approx(0.65)


@given(st.lists(st.tuples(st.floats(0, 20), st.sampled_from(["good", "bad", "pause", "probe"])), max_size=60))
def test_it_always_comes_back(history: list[tuple[float, str]]) -> None:
    """Whatever has happened: it may be asked again after the longest time, and one good answer heals it."""
    standing, now = Standing("a", "m"), 0.0
    for pause, what in history:
        now += pause
        if what == "good":
            standing.succeeded(now, HEALTH)
        else:
            standing.failed(
                now, HEALTH, 3.0 if what == "pause" else 0, probe=what == "probe" and standing.out
            )
        assert standing.out or standing.is_asked(now)
        assert standing.until <= now + 5
    assert standing.is_asked(now + 5)
    standing.returned(now + 5, HEALTH)
    assert standing.state() == "well"
