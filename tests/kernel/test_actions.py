"""One transaction, one batch, gapless numbers, causes."""

import pytest
from django.conf import settings
from django.db import connections

from parley.kernel import clock, live, reactors
from parley.kernel.actions import Refusal, action, emit
from parley.kernel.actors import SYSTEM, Actor
from parley.kernel.cells import account_scope
from parley.kernel.events import EventCounter, StoredEvent, TooDeep, event
from parley.kernel.reactors import Failed, ParkedEvent, ReactorCursor
from parley.kernel.retries import MOST_FAILURES
from parley.kernel.tenancy import NoAccount, entered
from parley.kernel.worker import Worker
from tests.effects.actions import EffectRecorded, record
from tests.effects.models import Effect
from tests.effects.react import BAD, ENDLESS

CELL = settings.CELLS[0]


@pytest.fixture
def before(world):
    return live.last_seq()


def effects(kind):
    return sorted(Effect.objects.filter(kind=kind).values_list("n", flat=True))


def seqs():
    return list(StoredEvent.objects.order_by("seq").values_list("seq", flat=True))


def test_an_action_needs_an_actor_and_an_account(world):
    for by in ({}, {"by": None}, {"by": "system"}):
        with pytest.raises(TypeError):
            record(1, **by)
    with entered(None), pytest.raises(NoAccount):
        record(1, by=SYSTEM)
    with pytest.raises(RuntimeError):
        emit(EffectRecorded(1), by=SYSTEM)
    assert effects("job") == []


def test_an_actor_is_stored_as_a_word_and_a_number():
    assert [str(a) for a in (SYSTEM, Actor("agent", 7))] == ["system", "agent:7"]
    assert [Actor.read(text) for text in ("system", "agent:7")] == [SYSTEM, Actor("agent", 7)]


def test_a_refused_inner_action_leaves_no_trace_in_the_outer(world, before):
    @action
    def inner(*, by):
        record(2, by=by)
        raise Refusal

    @action
    def outer(*, by):
        record(1, by=by)
        with pytest.raises(Refusal):
            inner(by=by)
        record(3, by=by)

    outer(by=SYSTEM)
    happened = StoredEvent.objects.filter(name="effect.recorded").order_by("seq")
    assert [e.data["effect"] for e in happened] == [1, 3] and effects("job") == [1, 3]
    assert [e.seq - before for e in happened] == [1, 2]


def test_a_failed_action_takes_its_number_back(world, before):
    @action
    def fails(*, by):
        record(1, by=by)
        raise OSError

    with pytest.raises(OSError):
        fails(by=SYSTEM)
    record(2, by=SYSTEM)
    assert seqs() == list(range(1, before + 2))
    assert EventCounter.objects.get().last == before + 1 and effects("job") == [2]


def test_events_are_stored_as_they_were_told(world, before):
    @action
    def several(*, by):
        for n in (5, 6, 7):
            record(n, by=by)

    ada = Actor("agent", 42)
    several(by=ada)
    stored = list(StoredEvent.objects.filter(seq__gt=before).order_by("seq"))
    assert [(e.seq - before, e.data, e.actor, e.at) for e in stored] == [
        (n, {"effect": n + 4}, "agent:42", clock.now()) for n in (1, 2, 3)
    ]
    assert [(e.load(), e.subject, e.depth, e.caused_by) for e in stored[:1]] == [
        (EffectRecorded(5), "effect-5", 0, None)
    ]
    assert [(c.seq - before, c.subject) for c in live.changes(after=before)] == [
        (1, "effect-5"),
        (2, "effect-6"),
        (3, "effect-7"),
    ]


def test_an_action_without_events_takes_no_number(world, before):
    @action
    def silent(*, by):
        Effect.objects.create(kind="silent", n=1)

    silent(by=SYSTEM)
    assert live.last_seq() == before and effects("silent") == [1]


def test_one_action_costs_a_fixed_number_of_statements(world, django_assert_num_queries):
    record(1, by=SYSTEM)
    # A savepoint and its release, the effect, and the events: on PostgreSQL with their numbers at once.
    at_once = connections[CELL].vendor == "postgresql"
    with django_assert_num_queries(4 if at_once else 5, connection=connections[CELL]):
        record(2, by=SYSTEM)


def test_two_events_of_one_name_are_refused():
    with pytest.raises(RuntimeError):
        event("effect.recorded")(type("Another", (), {}))


def test_numbers_are_each_accounts_own(world, before):
    for _ in range(3):
        record(1, by=SYSTEM)
    with account_scope(world.intruder.pk):
        theirs = live.last_seq()
        record(1, by=SYSTEM)
        assert EventCounter.objects.get().last == theirs + 1
    assert EventCounter.objects.get().last == before + 3


def test_a_failing_reactor_is_retried_then_parked_and_stops_nobody(world, before):
    for n in (1, BAD, 3):
        record(n, by=SYSTEM)
    with pytest.raises(Failed):
        reactors.settle()

    worker = Worker([CELL])
    worker.turn(CELL)
    assert effects("echo") == [1]
    cursor = ReactorCursor.objects.get(reactor="echo")
    assert cursor.failures == 1 and "cannot digest" in cursor.error
    assert ReactorCursor.objects.get(reactor="notifications").seq == before + 3
    record(4, by=SYSTEM)
    worker.turn(CELL)
    assert ReactorCursor.objects.get(reactor="notifications").seq == before + 4
    for _ in range(MOST_FAILURES):
        clock.move(hours=7)
        worker.turn(CELL)
    assert effects("echo") == [1, 3, 4]
    parked = ParkedEvent.objects.get()
    assert (parked.reactor, parked.seq) == ("echo", before + 2)
    assert EventCounter.objects.get().settle_at is None


def test_reactors_that_feed_each_other_end_loudly(world, before):
    record(ENDLESS, by=SYSTEM)
    with pytest.raises(Failed) as failed:
        reactors.settle()
    assert isinstance(failed.value.__cause__, TooDeep)
    Worker([CELL]).turn(CELL)
    chain = StoredEvent.objects.filter(name="effect.recorded").order_by("seq")
    first = before + 1
    assert [(e.depth, e.caused_by) for e in chain[:3]] == [(0, None), (1, first), (2, first + 1)]
    assert chain.count() == 9


def test_reactors_see_each_event_once(world):
    record(1, by=SYSTEM)
    assert reactors.settle() > 0
    assert reactors.settle() == 0
    assert effects("echo") == [1]
