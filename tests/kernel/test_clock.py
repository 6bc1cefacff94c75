"""Three clocks: stopped in a test, shared by all processes of a sandbox, and the machine's own."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.test.utils import override_settings

from parley.kernel import clock, test_clock
from parley.kernel.cells import AccountAddress
from parley.kernel.test_clock import Backwards, ClockOffset, NoTestClock
from tests.world import NOON

SOON = timedelta(seconds=5)


@pytest.fixture
def shared(accounts):
    """As in an installation that was started with a test clock."""
    clock.follow(test_clock.ahead)
    test_clock._read = (0.0, timedelta())
    with override_settings(TEST_CLOCK=True):
        yield
    clock.follow(None)
    test_clock._read = (0.0, timedelta())


def test_a_stopped_clock_stands_still_until_it_is_moved(world):
    assert clock.now() == clock.now() == NOON
    clock.move(days=1, hours=2)
    assert clock.now() == datetime(2030, 1, 3, 14, 0, tzinfo=UTC)
    clock.move(to=NOON)
    assert clock.now() == NOON


def test_a_running_clock_is_the_machines_and_cannot_be_moved():
    before = clock.machine()
    assert before <= clock.now() <= clock.machine()
    assert clock.now().tzinfo is UTC
    with pytest.raises(RuntimeError):
        clock.move(days=1)


def test_the_machines_clock_is_neither_stopped_nor_moved(shared):
    test_clock.set_to(clock.machine() + timedelta(days=400))
    with clock.stopped(NOON):
        assert clock.now() == NOON
        assert abs(clock.machine() - datetime.now(UTC)) < SOON


def test_a_moved_clock_runs_on_from_there(shared):
    goal = clock.machine() + timedelta(days=400)
    test_clock.set_to(goal)
    first = clock.now()
    time.sleep(0.01)
    assert goal <= first < clock.now() < goal + SOON
    assert ClockOffset.objects.get().ahead > timedelta(days=399)


def test_a_test_clock_goes_forward_only(shared):
    test_clock.set_to(clock.machine() + timedelta(days=400))
    with pytest.raises(Backwards):
        test_clock.set_to(clock.machine() + timedelta(days=399))
    with pytest.raises(Backwards):
        test_clock.set_to(clock.machine())
    assert clock.now() - clock.machine() > timedelta(days=399)
    test_clock.set_to(clock.machine() + timedelta(days=401))
    assert clock.now() - clock.machine() > timedelta(days=400)


def test_it_does_not_go_back_from_the_machines_time_either(shared):
    with pytest.raises(Backwards):
        test_clock.set_to(clock.machine() - timedelta(minutes=1))
    assert not ClockOffset.objects.exists()


def test_an_installation_without_test_clock_refuses_to_be_moved(db):
    with pytest.raises(NoTestClock):
        test_clock.set_to(clock.machine() + timedelta(days=1))
    assert not ClockOffset.objects.exists()


@pytest.mark.parametrize("installation", [{"PARLEY_TEST_CLOCK": "on"}], indirect=True)
def test_all_processes_share_the_test_clock_within_a_second(installation):
    installation.script("migrate")
    follower = installation.background("tell_time", 20)
    assert abs(float(follower.stdout.readline())) < 1
    installation.script("set_clock", 86_400)
    moved = time.monotonic()
    while (ahead := float(follower.stdout.readline())) < 86_000:
        assert time.monotonic() - moved < 1
    assert abs(ahead - 86_400) < 30
    assert abs(installation.script("ahead") - 86_400) < 30  # and whoever starts later


def test_processes_of_an_installation_without_one_refuse(installation):
    installation.script("migrate")
    assert installation.script("set_clock_refused", 86_400) == "NoTestClock"


def test_before_anything_has_happened_it_may_begin_anywhere(shared):
    AccountAddress.objects.all().delete()
    test_clock.set_to(clock.machine() - timedelta(days=400))
    assert clock.machine() - clock.now() > timedelta(days=399)
