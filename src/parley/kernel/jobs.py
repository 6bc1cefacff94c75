"""Work that is done later, queued in the transaction that wants it; all that leaves the machine is such.

A job is due, claimed or parked. To claim is to lease it by the machine's clock and to sign with a claim;
whoever finds a lease run out claims it again. A handler does its outside part and may return what is to
be written: that runs in the transaction which removes the job, so it happens once. A `quick` job has no
outside part: those that wait are run together in one transaction, each in a savepoint of it.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

from django.db import IntegrityError, models, transaction
from django.db.models import F, Q

from . import clock, wakeups
from .retries import MOST_FAILURES, Retried, attempt
from .tenancy import CellModel, Scope, current_cell, current_scope, entered
from .turns import writing

Then = Callable[[], object]
Handler = Callable[..., Then | None]
MOST_CLAIMS = MOST_FAILURES * 4  # a job that kills its worker never gets to fail
PARKED = "parked"
_handlers: dict[str, Handler] = {}
_quick: set[str] = set()


class Job(Retried, CellModel):
    account_id = models.PositiveBigIntegerField(default=0)  # 0: a chore of the cell itself
    name = models.CharField(max_length=80)
    args = models.JSONField(default=dict)
    key = models.CharField(max_length=200, blank=True)
    quick = models.BooleanField(default=False)
    claim = models.CharField(max_length=40, blank=True)
    claims = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)  # by the machine's clock

    class Meta(CellModel.Meta):
        constraints = [
            # Of those waiting, not of those running: news that come in meanwhile need their own run.
            models.UniqueConstraint(
                fields=["account_id", "name", "key"],
                condition=Q(claim="") & ~Q(key=""),
                name="one_waiting",
            )
        ]
        indexes = [
            models.Index(fields=["quick", "due_at"], condition=Q(parked_at=None), name="job_due"),
            models.Index(fields=["claim"], condition=~Q(claim=""), name="job_claim"),
        ]


class LeaseLost(Exception):
    """Another worker has the job by now; what this one did is rolled back."""


def job(name: str, *, quick: bool = False) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        if name in _handlers:
            raise RuntimeError(f"two jobs are called {name}")
        handler.job = name  # type: ignore[attr-defined]
        _handlers[name] = handler
        if quick:
            _quick.add(name)
        return handler

    return register


def enqueue(handler: Handler, *, key: str = "", due_at: datetime | None = None, **args: object) -> None:
    """In the caller's transaction. With a key, one that already waits for the account will do."""
    enqueue_by_name(handler.job, key=key, due_at=due_at, args=args)  # type: ignore[attr-defined]


def enqueue_by_name(name: str, *, key: str, due_at: datetime | None, args: dict) -> None:
    scope = current_scope()
    account = (scope and scope.account) or 0
    row = Job(
        account_id=account,
        name=name,
        args=args,
        key=key,
        quick=name in _quick,
        due_at=due_at or clock.now(),
    )
    Job.objects.bulk_create([row], ignore_conflicts=bool(key))
    cell = current_cell()
    transaction.on_commit(partial(wakeups.poke, cell, account), using=cell, robust=True)


def claim(limit: int, *, by: str, lease: timedelta, quick: bool | None = None) -> list[Job]:
    """Up to `limit` due jobs of the cell in scope, of one sort or any. No two workers get the same one."""
    machine = clock.machine()
    due = Job.objects.filter(parked_at=None, due_at__lte=clock.now())
    due = due.filter(Q(leased_until=None) | Q(leased_until__lt=machine))
    if quick is not None:
        due = due.filter(quick=quick)
    if not due.exists():  # an idle worker takes no write lock
        return []
    with writing(current_cell()):
        locked = due.select_for_update(skip_locked=True).order_by("due_at", "id")[:limit]
        ids = list(locked.values_list("id", flat=True))
        Job.objects.filter(id__in=ids).update(
            claim=by, claims=F("claims") + 1, leased_until=machine + lease
        )
    return list(Job.objects.filter(id__in=ids, claim=by).order_by("id"))


def run(job: Job) -> None:
    """Once. Raises what the handler raises, and LeaseLost when somebody else has taken over."""
    if job.claims > MOST_CLAIMS:
        raise RuntimeError("claimed again and again and never finished")
    with entered(Scope(current_cell(), job.account_id or None)):
        then = _handlers[job.name](**job.args)
        with writing(current_cell()):
            if not Job.objects.filter(pk=job.pk, claim=job.claim).delete()[0]:
                raise LeaseLost(job.name)
            if then:
                then()


def run_together(mine: Iterable[Job]) -> list[tuple[Job, Exception | None]]:
    """Quick jobs in one transaction: one wait for the disk. What fails is undone alone.

    In the order of accounts, so that two workers lock the accounts' counters in the same order.
    """
    done: list[tuple[Job, Exception | None]] = []
    with writing(current_cell()):
        for each in sorted(mine, key=lambda job: (job.account_id, job.pk)):
            done.append((each, attempt(partial(_run_in_savepoint, each))))
    return done


def _run_in_savepoint(job: Job) -> None:
    with transaction.atomic(using=current_cell()):
        run(job)


def failed(job: Job, error: Exception) -> None:
    job.postpone(error)
    if job.claims > MOST_CLAIMS:
        job.parked_at = clock.now()
    _unclaim(job, PARKED if job.parked_at else "")


def give_back(jobs: Iterable[Job]) -> None:
    """Unstarted ones, when a worker is asked to stop."""
    for each in jobs:
        each.claims -= 1
        _unclaim(each, "")


def beat(*, by: str, lease: timedelta) -> None:
    Job.objects.filter(claim=by).update(leased_until=clock.machine() + lease)


def replay(job: Job) -> None:
    """A person has looked at a parked job and wants it tried again."""
    job.parked_at, job.failures, job.claims, job.due_at = None, 0, 0, clock.now()
    _unclaim(job, "")


def _unclaim(job: Job, claim: str) -> None:
    mine = Job.objects.filter(pk=job.pk, claim=job.claim)
    fresh = {f: getattr(job, f) for f in ("due_at", "failures", "error", "parked_at", "claims")}
    try:
        with writing(current_cell()):
            mine.update(claim=claim, leased_until=None, **fresh)
    except IntegrityError:  # an equal one waits already and will do
        mine.delete()
