"""The loop behind the pages: timers, then reactors, then jobs, over all cells, for ever.

Any number may run, in any number of processes; what one holds when it dies, another finishes.
"""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from threading import Event, Thread
from uuid import uuid4

from django.db import close_old_connections

from . import clock, jobs, periodic, reactors, timers
from .all_accounts import across_accounts
from .cells import account_scope, cell_scope
from .events import EventCounter
from .retries import attempt
from .wakeups import Listener

log = logging.getLogger("parley.worker")
BATCH = 20
LONGEST_JOB = 15 * 60.0  # seconds; after that nobody renews its lease


class Worker:
    """The main loop fires timers, runs reactors and quick jobs; lanes beside it run the jobs that wait
    for others (mail servers, webhooks), so that a slow stranger never holds up what happens here."""

    def __init__(self, cells: Sequence[str], *, lease: float = 60, lanes: int = 3) -> None:
        self.cells, self.lease = cells, timedelta(seconds=lease)
        self.name = uuid4().hex[:24]
        self.news, self.stopping = Event(), Event()
        self.lanes = [Lane(self, number) for number in range(lanes)]

    def run(self) -> None:
        listeners = [Listener(cell, lambda *_: self._wake()) for cell in self.cells]
        for thread in [*listeners, *self.lanes, Thread(target=self._keep_leases, daemon=True)]:
            thread.start()
        while not self.stopping.is_set():
            self.news.clear()
            if not any([patiently(self, self.turn, cell) for cell in self.cells]):
                self.news.wait(1)
        for listener in listeners:
            listener.stopped.set()
        for lane in self.lanes:
            lane.join()

    def stop(self, *_: object) -> None:
        self.stopping.set()
        self._wake()

    def _wake(self) -> None:
        self.news.set()
        for lane in self.lanes:
            lane.news.set()

    def turn(self, cell: str) -> int:
        """Everything that is due in one cell now, but for what waits for others. How much that was."""
        did = 0
        for account in accounts_with("timers", cell):
            with account_scope(account, cell=cell):
                did += self._fire_due()
        for account in accounts_with("events", cell):
            with account_scope(account, cell=cell):
                did += reactors.settle_patiently()
        with cell_scope(cell):
            return did + periodic.enqueue_due() + self._run_quick_jobs()

    def _fire_due(self) -> int:
        fired = 0
        while fired < BATCH and (timer := timers.next_due(clock.now())):
            timers.fire_patiently(timer)
            fired += 1
        return fired

    def _run_quick_jobs(self) -> int:
        mine = jobs.claim(BATCH, by=self.name, lease=self.lease, quick=True)
        if self.stopping.is_set():
            jobs.give_back(mine)
        elif mine:
            for job, error in jobs.run_together(mine):
                note(job, error)
        return len(mine)

    def _keep_leases(self) -> None:
        while not self.stopping.wait(self.lease.total_seconds() / 3):
            for lane in self.lanes:
                if time.monotonic() - lane.busy_since < LONGEST_JOB:
                    for cell in self.cells:
                        with cell_scope(cell):
                            attempt(partial(jobs.beat, by=lane.name, lease=self.lease))
            close_old_connections()


class Lane(Thread):
    """One job with an outside part at a time."""

    def __init__(self, worker: Worker, number: int) -> None:
        super().__init__(name=f"{worker.name}-{number}", daemon=True)
        self.worker, self.news, self.busy_since = worker, Event(), time.monotonic()

    def run(self) -> None:
        while not self.worker.stopping.is_set():
            self.news.clear()
            if not any([patiently(self.worker, self.turn, cell) for cell in self.worker.cells]):
                self.news.wait(1)

    def turn(self, cell: str) -> int:
        with cell_scope(cell):
            # One: what is claimed behind a stuck job would wait with it, while other lanes are idle.
            mine = jobs.claim(1, by=self.name, lease=self.worker.lease, quick=False)
            for job in mine:
                if self.worker.stopping.is_set():
                    jobs.give_back(mine)
                    break
                self.busy_since = time.monotonic()
                note(job, attempt(partial(jobs.run, job)))
            return len(mine)


def note(job: jobs.Job, error: Exception | None) -> None:
    if error and not isinstance(error, jobs.LeaseLost):
        log.warning("job %s %s failed: %r", job.name, job.pk, error)
        jobs.failed(job, error)


def patiently(worker: Worker, turn: Callable[[str], int], cell: str) -> bool:
    did: list[int] = []
    if error := attempt(lambda: did.append(turn(cell))):  # the database is away, say
        log.error("turn in %s failed", cell, exc_info=error)
        worker.stopping.wait(1)
    close_old_connections()
    return any(did)


def accounts_with(what: str, cell: str) -> list[int]:
    """Accounts of a cell that have something due, longest waiting first."""
    now = clock.now()
    with across_accounts("The worker serves every account of its cell.", cell=cell):
        if what == "timers":
            due = timers.Timer.objects.filter(due_at__lte=now, parked_at=None).order_by("due_at")
            return list(dict.fromkeys(due.values_list("account_id", flat=True)[:1000]))
        waiting = EventCounter.objects.filter(settle_at__lte=now).order_by("settle_at")
        return list(waiting.values_list("account_id", flat=True)[:100])
