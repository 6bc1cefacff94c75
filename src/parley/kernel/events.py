"""What happened. Events are written with the change they describe and never edited."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from functools import partial
from json import dumps
from typing import Any, ClassVar, Protocol, TypeVar

from django.db import connections, models, transaction
from django.db.models import Q

from . import clock, wakeups
from .actors import Actor
from .policies import NOTHING_PERSONAL, Policy
from .tenancy import AccountModel, current_account_id, current_cell

DEEPEST = 8
_types: dict[str, type["Event"]] = {}
_cause: ContextVar[tuple[int, int] | None] = ContextVar("cause", default=None)  # seq, depth
C = TypeVar("C", bound=type)


class Event(Protocol):
    """A frozen dataclass; `event()` gives it its name."""

    __dataclass_fields__: ClassVar[dict]


def event(name: str) -> Callable[[C], C]:
    """Register a frozen dataclass under a stable public name, `subject.happened`.

    It has a field called as its subject, the id of what it happened to.
    """

    def register(cls: C) -> C:
        if name in _types:
            raise RuntimeError(f"two event types are called {name}")
        cls.name = name  # type: ignore[attr-defined]
        _types[name] = cls
        return cls

    return register


class StoredEvent(AccountModel):
    seq = models.BigIntegerField()  # gapless per account, in commit order
    name = models.CharField(max_length=80)
    subject = models.CharField(max_length=60)  # what it happened to, as live pages call it: ticket-42
    data = models.JSONField()
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    caused_by = models.BigIntegerField(null=True)  # seq of the event whose reactor did this
    depth = models.PositiveSmallIntegerField(default=0)

    data_policy = Policy(why="events hold ids, enumerations and times only")

    class Meta(AccountModel.Meta):
        constraints = [models.UniqueConstraint(fields=["account", "seq"], name="event_seq")]
        indexes = [models.Index(fields=["account", "subject", "seq"], name="event_subject")]

    def load(self) -> Any:
        return _types[self.name](**self.data)


class EventCounter(AccountModel):
    """The last number given out, and since when reactors have something to do."""

    id = None
    account = models.OneToOneField("accounts.Account", models.CASCADE, primary_key=True)
    last = models.BigIntegerField(default=0)
    settle_at = models.DateTimeField(null=True)

    data_policy = NOTHING_PERSONAL

    class Meta(AccountModel.Meta):
        indexes = [
            models.Index(fields=["account"], name="counter_account"),
            models.Index(fields=["settle_at"], condition=~Q(settle_at=None), name="unsettled"),
        ]


def subject_of(event: Event) -> str:
    kind = event.name.split(".")[0]  # type: ignore[attr-defined]
    return f"{kind}-{getattr(event, kind)}"


class TooDeep(RuntimeError):
    """Reactors answer each other without end, as rules that trigger each other do."""


@contextmanager
def caused_by(stored: StoredEvent) -> Iterator[None]:
    token = _cause.set((stored.seq, stored.depth + 1))
    try:
        yield
    finally:
        _cause.reset(token)


def append(happened: list[tuple[Event, Actor]]) -> None:
    """Number and store. The counter row stays locked until commit, so seq is commit order."""
    if not happened:
        return
    cause, depth = _cause.get() or (None, 0)
    if depth > DEEPEST:
        raise TooDeep(f"{type(happened[0][0]).__name__}: {depth} reactions deep")
    cell, account = current_cell(), current_account_id()
    rows = [
        StoredEvent(
            account_id=account,
            seq=index,  # from 1; the counter's last number is added below
            name=e.name,  # type: ignore[attr-defined]
            subject=subject_of(e),
            data=asdict(e),
            actor=str(by),
            at=clock.now(),
            caused_by=cause,
            depth=depth,
        )
        for index, (e, by) in enumerate(happened, 1)
    ]
    if connections[cell].vendor == "postgresql":
        _append_at_once(rows)
    else:
        first = _take_numbers(len(rows)) - len(rows)
        for row in rows:
            row.seq += first
        StoredEvent.objects.bulk_create(rows)
    transaction.on_commit(partial(wakeups.poke, cell, account), using=cell, robust=True)


TAKE = """
INSERT INTO kernel_eventcounter (account_id, last, settle_at) VALUES (%s, %s, %s)
ON CONFLICT (account_id) DO UPDATE SET last = kernel_eventcounter.last + excluded.last,
    settle_at = CASE WHEN kernel_eventcounter.settle_at < excluded.settle_at
        THEN kernel_eventcounter.settle_at ELSE excluded.settle_at END
    WHERE kernel_eventcounter.account_id = %s
RETURNING last
"""


def _take_numbers(how_many: int) -> int:
    connection = connections[current_cell()]
    now = connection.ops.adapt_datetimefield_value(clock.now())
    account = current_account_id()
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [account, how_many, now, account])
        return cursor.fetchone()[0]


COLUMNS = ("id", "account_id", "seq", "name", "subject", "data", "actor", "at", "caused_by", "depth")


def _append_at_once(rows: list[StoredEvent]) -> None:
    """Counter and events in one statement: one round trip while the counter's row is locked."""
    account = current_account_id()
    row = "(%s::bigint, %s::bigint, %s::bigint, %s, %s, %s::jsonb, %s, %s::timestamptz, %s::bigint, %s::smallint)"
    columns = ", ".join(COLUMNS)
    sql = (
        f"WITH counter AS ({TAKE}), news ({columns}) AS (VALUES {', '.join([row] * len(rows))}) "
        f"INSERT INTO kernel_storedevent ({columns}) "
        "SELECT id, account_id, counter.last - %s + seq, name, subject, data, actor, at, caused_by, depth "
        "FROM news, counter"
    )
    params: list[Any] = [account, len(rows), clock.now(), account]
    for each in rows:
        each.data = dumps(each.data)
        params += [getattr(each, column) for column in COLUMNS]
    with connections[current_cell()].cursor() as cursor:
        cursor.execute(sql, [*params, len(rows)])
