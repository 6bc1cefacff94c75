"""Signs of life: processes say that they are at work, and work says since when it has been due.

Beats live by the machine's clock, so that a jump of the product's harms nobody. A process that ends
in order takes its beat along; one that dies leaves it to grow old.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from threading import Event, Thread

from django.db import close_old_connections, connections, models
from django.db.models import Min, Q

from . import clock
from .all_accounts import across_accounts
from .cells import DIRECTORY, DirectoryModel
from .events import EventCounter
from .jobs import Job
from .reactors import ParkedEvent
from .retries import attempt
from .timers import Timer
from .turns import writing

EVERY = timedelta(seconds=5)
FORGOTTEN_AFTER = timedelta(hours=1)


class Beat(DirectoryModel):
    """When a process of some kind last said that it serves a cell (empty: all of them)."""

    kind = models.CharField(max_length=20)  # worker, smtp
    name = models.CharField(max_length=80)  # of the process
    cell = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()  # by the machine's clock

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "name", "cell"], name="one_beat")]


def beat(kind: str, name: str, cells: Iterable[str]) -> None:
    """The process is at work now, for each of the cells."""
    now = clock.machine()
    with writing(DIRECTORY):
        for cell in cells:
            Beat.objects.update_or_create(kind=kind, name=name, cell=cell, defaults={"at": now})
        Beat.objects.filter(at__lt=now - FORGOTTEN_AFTER).delete()


def end(kind: str, name: str) -> None:
    """The process ends in order: nobody has to miss it."""
    with writing(DIRECTORY):
        Beat.objects.filter(kind=kind, name=name).delete()


def latest() -> dict[tuple[str, str], datetime]:
    """By kind and cell: the youngest beat, in the machine's time."""
    return {(b.kind, b.cell): b.at for b in Beat.objects.order_by("at")}


class Pulse(Thread):
    """Beats for this process while `is_well`, from a thread of its own."""

    def __init__(
        self,
        kind: str,
        name: str,
        cells: Sequence[str] = ("",),
        *,
        is_well: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(name=f"pulse-{name}", daemon=True)
        self.say = partial(beat, kind, name, cells)
        self.unsay = partial(end, kind, name)
        self.is_well, self.stopped = is_well, Event()

    def run(self) -> None:
        pause = 0.0
        while not self.stopped.wait(pause):
            well = self.is_well()
            if well:
                attempt(self.say)  # the database is away: the beat grows old, as it should
            close_old_connections()
            pause = EVERY.total_seconds() if well else 0.2
        attempt(self.unsay)
        connections.close_all()

    def stop(self) -> None:
        """The beat is gone when this returns."""
        self.stopped.set()
        self.join(timeout=EVERY.total_seconds())


@dataclass(frozen=True)
class Waiting:
    """What has been due the longest, in the product's time; None: nothing is. Parked work waits for a
    person, and what a worker holds right now waits for nobody."""

    job: datetime | None
    event: datetime | None
    timer: datetime | None


def waiting(cell: str) -> Waiting:
    """Of all accounts of a cell: instants only."""
    now, free = clock.now(), Q(leased_until=None) | Q(leased_until__lt=clock.machine())
    with across_accounts(
        "Whether work is late concerns the whole cell; only times are read.", cell=cell
    ):
        jobs = Job.objects.filter(free, parked_at=None, due_at__lte=now)
        events = EventCounter.objects.filter(settle_at__lte=now)
        timers = Timer.objects.filter(due_at__lte=now, parked_at=None)
        return Waiting(
            jobs.aggregate(oldest=Min("due_at"))["oldest"],
            events.aggregate(oldest=Min("settle_at"))["oldest"],
            timers.aggregate(oldest=Min("due_at"))["oldest"],
        )


def parked(cell: str) -> dict[str, int]:
    """How much of a cell's work waits for a person, by kind."""
    with across_accounts("How much is parked concerns the whole cell; only counts are read.", cell=cell):
        return {
            "jobs": Job.objects.exclude(parked_at=None).count(),
            "events": ParkedEvent.objects.count(),
            "timers": Timer.objects.exclude(parked_at=None).count(),
        }
