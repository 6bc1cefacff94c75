"""What happens if nobody stops it: once, at its own instant, and patiently when it fails."""

from datetime import timedelta

from django.conf import settings

from parley.kernel import clock, timers
from parley.kernel.cells import account_scope
from parley.kernel.events import StoredEvent
from parley.kernel.retries import MOST_FAILURES
from parley.kernel.timers import Timer, clear_timer, set_timer
from parley.kernel.worker import Worker
from tests.effects.models import Effect
from tests.world import NOON

CELL = settings.CELLS[0]


def fired():
    return sorted(Effect.objects.filter(kind="timer").values_list("n", flat=True))


def at(**delta):
    return NOON + timedelta(**delta)


def test_each_timer_fires_at_its_own_instant_and_its_consequences_follow_there(world):
    for n, days in ((1, 3), (2, 1), (3, 5)):
        set_timer("effect", n, due_at=at(days=days))
    world.advance(days=4)
    assert clock.now() == at(days=4)
    happened = StoredEvent.objects.filter(name="effect.recorded").order_by("seq")
    assert [(e.data["effect"], e.at) for e in happened] == [(2, at(days=1)), (1, at(days=3))]
    assert Effect.objects.filter(kind="echo").count() == 2
    assert [t.subject for t in Timer.objects.all()] == ["3"]


def test_a_timer_that_was_due_while_nobody_worked_fires_late_and_once(world):
    set_timer("effect", 1, due_at=at(hours=-5))
    worker = Worker([CELL])
    worker.turn(CELL)
    worker.turn(CELL)
    assert fired() == [1]


def test_setting_again_moves_and_clearing_stops(world):
    set_timer("effect", 1, due_at=at(days=1))
    set_timer("effect", 1, due_at=at(days=9))
    set_timer("effect", 2, due_at=at(days=1))
    clear_timer("effect", 2)
    world.advance(days=5)
    assert fired() == [] and Timer.objects.count() == 1
    world.advance(days=5)
    assert fired() == [1]


def test_a_timer_that_was_moved_meanwhile_does_not_fire(world):
    set_timer("effect", 1, due_at=NOON)
    stale = timers.next_due(NOON)
    set_timer("effect", 1, due_at=at(days=1))
    timers.fire(stale)
    assert fired() == [] and Timer.objects.get().due_at == at(days=1)


def test_a_timer_fires_once_though_two_have_seen_it(world):
    set_timer("effect", 1, due_at=NOON)
    seen = timers.next_due(NOON), timers.next_due(NOON)
    for timer in seen:
        timers.fire(timer)
    assert fired() == [1]


def test_a_failing_timer_leaves_nothing_backs_off_is_parked_and_can_be_set_again(world):
    set_timer("effect.failing", 1, due_at=NOON)
    set_timer("effect", 2, due_at=NOON)
    worker = Worker([CELL])
    worker.turn(CELL)
    row = Timer.objects.get()
    assert (row.failures, row.error) == (1, "ValueError: not today")
    assert timedelta(seconds=1) <= row.due_at - NOON <= timedelta(seconds=3)
    assert fired() == [2]
    for _ in range(MOST_FAILURES):
        clock.move(hours=7)
        worker.turn(CELL)
    row.refresh_from_db()
    assert row.failures == MOST_FAILURES and row.parked_at and timers.next_due(at(days=99)) is None
    assert fired() == [2]
    set_timer("effect.failing", 1, due_at=at(days=30))
    row.refresh_from_db()
    assert (row.failures, row.error, row.parked_at, row.due_at) == (0, "", None, at(days=30))


def test_the_worker_fires_what_is_due_in_every_account_of_its_cell(world, intruder):
    set_timer("effect", 1, due_at=NOON)
    with account_scope(intruder.pk):
        set_timer("effect", 2, due_at=NOON)
    Worker([CELL]).turn(CELL)
    assert fired() == [1]
    with account_scope(intruder.pk):
        assert 2 in fired()
