"""What /health finds: who is missing, what is late, and that a jump of the clock is no illness."""

from datetime import timedelta

import pytest
from django.conf import settings

from parley.kernel import beats, clock, jobs
from parley.kernel.cells import cell_scope
from parley.kernel.retries import MOST_FAILURES
from parley.web.health import Health, Watch
from tests.effects.actions import slow
from tests.world import World

ALL = tuple(settings.CELLS)


def check(report: dict, name: str) -> dict:
    """Of one part; where there are several cells, of the first that is not well, else of any."""
    found = [each for key, each in report["checks"].items() if key.split()[0] == name]
    return min(found, key=lambda each: each["ok"])


def at_work(*kinds: str) -> None:
    for kind in kinds:
        beats.beat(kind, "one", ALL if kind == "worker" else ("",))


def test_all_is_well_when_everybody_is_at_work(world: World) -> None:
    at_work("worker", "smtp")
    world.settle()
    report = Health(hub_listens=lambda: True, expected=("worker", "smtp")).report()
    assert report["ok"] is True
    assert {each["message"] for each in report["checks"].values()} == {
        "is reachable",
        "listens for changes",
        "is at work",
        "nothing is late",
    }


def test_a_hub_that_does_not_listen_is_named(world: World) -> None:
    at_work("worker")
    report = Health(hub_listens=lambda: False).report()
    assert report["ok"] is False
    assert check(report, "live") == {"ok": False, "message": "does not listen for changes"}


def test_who_never_came_and_who_fell_silent_are_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = Health(expected=("worker", "smtp")).report()
    assert check(nobody, "worker") == {"ok": False, "message": "is not running"}
    assert check(nobody, "smtp") == {"ok": False, "message": "is not running"}
    at_work("worker", "smtp")
    later = clock.machine() + timedelta(seconds=30)
    monkeypatch.setattr(clock, "machine", lambda: later)
    assert check(Health().report(), "worker") == {"ok": False, "message": "has been silent for 30 s"}
    assert check(Health().report(), "smtp")["ok"] is False  # it was there once


def test_who_ends_in_order_is_not_missed(world: World) -> None:
    at_work("worker", "smtp")
    beats.end("smtp", "one")
    assert not any(name.startswith("smtp") for name in Health().report()["checks"])


def test_work_that_waits_for_more_than_a_minute_is_late(world: World) -> None:
    at_work("worker")
    world.contact()
    watched = Health()
    watched.watch.since -= 61
    assert check(watched.report(), "queues") == {"ok": False, "message": "an event has waited for 61 s"}


def test_after_a_jump_of_the_clock_there_is_a_minute_to_catch_up(world: World) -> None:
    at_work("worker")
    watched = Health()
    watched.watch.since -= 1000
    world.contact()
    clock.move(days=30)
    assert watched.report()["ok"] is True
    watched.watch.since -= 61
    watched.until = 0.0
    assert watched.report()["ok"] is False


def test_work_a_worker_holds_and_work_that_is_parked_waits_for_nobody(world: World) -> None:
    cell = world.address.cell
    jobs.enqueue(slow, n=1)
    with cell_scope(cell):
        assert beats.waiting(cell).job == clock.now()
        (held,) = jobs.claim(1, by="one", lease=timedelta(minutes=1))
        assert beats.waiting(cell).job is None
        for _ in range(MOST_FAILURES):
            held.postpone(RuntimeError("no"))
        jobs.failed(held, RuntimeError("no"))
        assert beats.waiting(cell).job is None
        assert beats.parked(cell)["jobs"] == 1


def test_nothing_that_is_due_is_not_late() -> None:
    assert Watch().lateness(None) == timedelta()


def test_the_answer_is_remembered_for_a_second(world: World) -> None:
    at_work("worker")
    asked = Health()
    assert asked.report() is asked.report()
