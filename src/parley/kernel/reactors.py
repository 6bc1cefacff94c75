"""Events in, consequences out. Each reactor reads each account's events in order, once."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import models

from . import clock
from .events import EventCounter, StoredEvent, caused_by
from .policies import NOTHING_PERSONAL
from .retries import Retried
from .tenancy import AccountModel, current_account_id, current_cell
from .turns import writing

_handlers: dict[str, dict[str, list[Callable]]] = {}
AT_ONCE = 100


def reactor(name: str, *, on: Any) -> Callable:
    def register(handler: Callable) -> Callable:
        _handlers.setdefault(name, {}).setdefault(on.name, []).append(handler)
        return handler

    return register


class ReactorCursor(Retried, AccountModel):
    reactor = models.CharField(max_length=40)
    seq = models.BigIntegerField(default=0)

    data_policy = NOTHING_PERSONAL

    class Meta(AccountModel.Meta):
        constraints = [models.UniqueConstraint(fields=["account", "reactor"], name="one_cursor")]


class ParkedEvent(AccountModel):
    """An event one reactor gave up on. Shown in the console; nobody waits for it."""

    reactor = models.CharField(max_length=40)
    seq = models.BigIntegerField()
    error = models.CharField(max_length=500)

    data_policy = NOTHING_PERSONAL

    class Meta(AccountModel.Meta):
        constraints = [models.UniqueConstraint(fields=["account", "reactor", "seq"], name="parked")]


class Failed(Exception):
    def __init__(self, reactor: str, seq: int) -> None:
        self.reactor, self.seq = reactor, seq
        super().__init__(f"{reactor} at event {seq}")


def settle() -> int:
    """Run every reactor over the account in scope until nothing new happens. Failures rise."""
    total = 0
    while done := sum(_advance(name) for name in _handlers):
        total += done
    return total


def settle_patiently() -> int:
    """As the worker does it: what fails is retried later, then parked, and stops nobody else."""
    total = 0
    while done := sum(_advance_patiently(name) for name in _handlers):
        total += done
    waiting = ReactorCursor.objects.filter(due_at__gt=clock.now(), failures__gt=0)
    again = waiting.aggregate(first=models.Min("due_at"))["first"]
    _rest(until=again)
    return total


def _advance_patiently(name: str) -> int:
    try:
        return _advance(name)
    except Failed as failed:
        _advance(name, up_to=failed.seq - 1)
        with writing(current_cell()):
            cursor = ReactorCursor.objects.select_for_update().get(reactor=name)
            cursor.postpone(failed.__cause__ or failed)
            if cursor.parked_at:
                ParkedEvent.objects.create(reactor=name, seq=failed.seq, error=cursor.error)
                cursor.seq, cursor.failures, cursor.parked_at = failed.seq, 0, None
            cursor.save()
        return 0 if cursor.failures else 1


def _advance(name: str, up_to: int = 2**62) -> int:
    with writing(current_cell()):
        ReactorCursor.objects.get_or_create(reactor=name)
        mine = ReactorCursor.objects.select_for_update(skip_locked=True).filter(reactor=name)
        cursor = mine.filter(models.Q(failures=0) | models.Q(due_at__lte=clock.now())).first()
        if cursor is None:  # another worker has it, or it waits for its next try
            return 0
        unread = StoredEvent.objects.filter(seq__gt=cursor.seq, seq__lte=up_to)
        news = list(unread.order_by("seq")[:AT_ONCE])
        for stored in news:
            _react(name, stored)
            cursor.seq = stored.seq
        if news:
            cursor.failures, cursor.error = 0, ""
            cursor.save(update_fields=["seq", "failures", "error"])
        return len(news)


def _react(name: str, stored: StoredEvent) -> None:
    try:
        with caused_by(stored):
            for handler in _handlers[name].get(stored.name, []):
                handler(stored.load(), stored)
    except Exception as error:
        raise Failed(name, stored.seq) from error


def _rest(until: datetime | None) -> None:
    """Nothing to do before `until`, unless an event came in meanwhile."""
    healthy = ReactorCursor.objects.filter(failures=0).values_list("seq", flat=True)
    read = min(healthy, default=2**62)
    EventCounter.objects.filter(account_id=current_account_id(), last__lte=read).update(settle_at=until)
