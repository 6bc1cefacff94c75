"""The queue, seen from one process."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction

from parley.kernel import clock, jobs, live, periodic
from parley.kernel.actions import action
from parley.kernel.actors import SYSTEM
from parley.kernel.cells import cell_scope
from parley.kernel.jobs import Job, LeaseLost, enqueue
from parley.kernel.retries import MOST_FAILURES, backoff
from parley.kernel.tenancy import NoAccount, current_scope, entered
from parley.kernel.worker import Worker
from tests.effects.actions import failing, quick, quick_failing, slow
from tests.effects.models import Effect

CELL = settings.CELLS[0]
LEASE = timedelta(seconds=60)
OVER = timedelta(seconds=-1)


def claim(by="a", limit=20, lease=LEASE, quick=None):
    return jobs.claim(limit, by=by, lease=lease, quick=quick)


def done():
    return sorted(Effect.objects.filter(kind="quick").values_list("n", flat=True))


def turn(worker=None):
    """One turn of a worker's main loop, and one of a lane beside it."""
    worker = worker or Worker([CELL])
    return worker.turn(CELL) + worker.lanes[0].turn(CELL)


def test_a_job_is_queued_with_its_cause_or_not_at_all(world):
    @action
    def cause(*, by, fails):
        enqueue(quick, n=1)
        if fails:
            raise OSError

    with pytest.raises(OSError):
        cause(by=SYSTEM, fails=True)
    assert not Job.objects.exists()
    cause(by=SYSTEM, fails=False)
    assert Job.objects.get().account_id == world.account.pk


def test_the_worker_enters_the_jobs_own_account(world):
    enqueue(quick, n=1)
    enqueue(slow, n=2)
    with entered(None):
        turn(Worker(settings.CELLS))
        assert current_scope() is None
    assert done() == [1] and not Job.objects.exists()
    assert Effect.objects.get(kind="job").n == 2


def test_a_claimed_job_is_nobody_elses_until_the_lease_ends(world):
    enqueue(quick, n=1)
    [mine] = claim("a")
    assert claim("b") == []
    jobs.beat(by="a", lease=OVER)
    jobs.beat(by="a", lease=LEASE)
    assert claim("b") == []
    jobs.beat(by="a", lease=OVER)
    [stolen] = claim("b")
    assert stolen.claims == 2
    with pytest.raises(LeaseLost):
        jobs.run(mine)
    assert done() == []
    jobs.run(stolen)
    assert done() == [1]
    with pytest.raises(LeaseLost):
        jobs.run(stolen)
    assert done() == [1]


def test_a_lease_is_the_machines_and_no_jump_of_the_products_clock_ends_it(world):
    enqueue(quick, n=1)
    before = clock.machine()
    [mine] = claim("a")
    clock.move(days=365)
    assert claim("b") == []
    row = Job.objects.get()
    assert before + LEASE <= row.leased_until <= clock.machine() + LEASE
    jobs.run(mine)
    assert done() == [1]


def test_failures_back_off_then_park_then_replay(world):
    enqueue(failing, n=1)
    worker, tries, last = Worker([CELL]), [], clock.now()
    while not (row := Job.objects.get()).parked_at:
        clock.move(to=max(row.due_at, clock.now()))
        tries.append((clock.now() - last).total_seconds())
        last = clock.now()
        turn(worker)
    assert row.failures == MOST_FAILURES and row.error == "OSError: no route to host"
    assert all(1 <= wait / 2**n <= 3 for n, wait in enumerate(tries[1:], 0))
    clock.move(days=9)
    turn(worker)
    assert Job.objects.get().failures == MOST_FAILURES
    jobs.replay(Job.objects.get())
    assert [j.failures for j in claim()] == [0]


@pytest.mark.parametrize("kind", [quick, slow])
def test_a_job_that_always_kills_its_worker_is_parked_too(world, kind):
    enqueue(kind, n=1)
    for _ in range(jobs.MOST_CLAIMS):
        assert len(claim(lease=OVER)) == 1  # and the worker dies
    turn()
    assert Job.objects.get().parked_at and not Effect.objects.exists()


def test_backoff_is_jittered_and_bounded():
    assert len({backoff(3) for _ in range(20)}) > 1
    assert backoff(40) <= timedelta(hours=9)


def test_a_key_joins_waiting_jobs_but_not_a_running_one(world):
    for n in (1, 2):
        enqueue(quick, key="k", n=n)
    [running] = claim()
    assert running.args == {"n": 1}
    enqueue(quick, key="k", n=3)  # news while it runs: needs its own run
    enqueue(quick, key="k", n=4)
    assert Job.objects.count() == 2
    jobs.failed(running, OSError())  # coming back, it finds an equal one waiting
    assert [j.args for j in Job.objects.all()] == [{"n": 3}]


def test_a_key_is_one_accounts_own(world):
    enqueue(quick, key="k", n=1)
    with cell_scope(CELL):
        enqueue(quick, key="k", n=2)
        enqueue(quick, key="k", n=3)
    assert Job.objects.count() == 2


def test_without_an_account_a_job_sees_no_rows(world):
    with cell_scope(CELL):
        enqueue(quick, n=1)
        [chore] = claim()
        with pytest.raises(NoAccount):
            jobs.run(chore)
        assert Job.objects.count() == 1


@pytest.mark.parametrize("kind", [quick, slow])
def test_stopping_gives_back_what_was_not_started(world, kind):
    enqueue(kind, n=1)
    worker = Worker([CELL])
    worker.stop()
    turn(worker)
    row = Job.objects.get()
    assert (row.claim, row.claims, row.failures) == ("", 0, 0)


def test_what_was_missed_is_done_once(world):
    periodic.repeat(quick, "0 * * * *", n=1)
    worker = Worker([CELL])
    for _ in range(3):
        worker.turn(CELL)
    assert done() == []
    clock.move(hours=1)
    worker.turn(CELL)
    worker.turn(CELL)
    assert done() == [1]
    clock.move(hours=30)
    worker.turn(CELL)
    worker.turn(CELL)
    assert done() == [1, 1]
    periodic.repeat(quick, "*/5 * * * *", n=1)
    assert periodic.Periodic.objects.get().next_at == clock.now() + timedelta(minutes=5)


def test_the_effect_and_the_removal_are_one_transaction(world, monkeypatch):
    enqueue(quick, n=1)
    [mine] = claim()
    monkeypatch.setitem(jobs._handlers, "effects.quick", lambda n: lambda: Effect.objects.create(n="no"))
    with pytest.raises(ValueError), transaction.atomic(using=CELL):
        jobs.run(mine)
    assert Job.objects.filter(claim="a").count() == 1


def test_of_quick_jobs_that_run_together_a_failing_one_undoes_only_itself(world):
    for n in (1, 2, 3, 4):
        enqueue(quick_failing if n == 2 else quick, n=n)
    mine = claim(quick=True)
    ended = [(job.args["n"], error and str(error)) for job, error in jobs.run_together(mine)]
    assert ended == [(1, None), (2, "not today"), (3, None), (4, None)]
    assert done() == [1, 3, 4]
    assert [(job.args["n"], job.claim) for job in Job.objects.all()] == [(2, "a")]


def test_the_worker_tries_the_failing_quick_job_again_later(world):
    for n in (1, 2, 3):
        enqueue(quick_failing if n == 2 else quick, n=n)
    turn()
    assert done() == [1, 3]
    row = Job.objects.get()
    assert (row.claim, row.failures, row.error) == ("", 1, "ValueError: not today")
    assert timedelta(seconds=1) <= row.due_at - clock.now() <= timedelta(seconds=3)


def test_a_quick_job_whose_lease_was_lost_leaves_no_trace_among_the_others(world):
    for n in (1, 2):
        enqueue(quick, n=n)
    mine = claim("a", lease=OVER)
    [stolen] = claim("b", limit=1)
    ended = [(job.args["n"], type(error)) for job, error in jobs.run_together(mine)]
    assert ended == [(1, LeaseLost), (2, type(None))]
    assert done() == [2]
    jobs.run(stolen)
    assert done() == [1, 2]


def test_quick_and_outside_jobs_are_claimed_apart(world):
    enqueue(slow, n=1)
    enqueue(quick, n=2)
    assert [job.args["n"] for job in claim("a", quick=True)] == [2]
    assert [job.args["n"] for job in claim("b", quick=False)] == [1]


def test_jobs_are_claimed_in_the_order_they_are_due_and_not_before(world):
    enqueue(quick, n=1, due_at=clock.now() + timedelta(hours=2))
    enqueue(quick, n=2, due_at=clock.now() - timedelta(hours=1))
    enqueue(quick, n=3)
    assert [job.args["n"] for job in claim(limit=1)] == [2]
    assert [job.args["n"] for job in claim()] == [3]
    clock.move(hours=2)
    assert [job.args["n"] for job in claim()] == [1]


def test_two_jobs_of_one_name_are_refused():
    with pytest.raises(RuntimeError):
        jobs.job("effects.quick")(lambda: None)


def test_a_job_that_records_an_event_gives_it_the_next_number(world):
    last = live.last_seq()
    enqueue(slow, n=1)
    turn()
    assert live.last_seq() == last + 1
