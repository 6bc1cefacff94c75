"""Things that will happen if nobody stops them: an SLA breach, a snooze that ends, a trial."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.db import models

from .policies import NOTHING_PERSONAL
from .retries import Retried, attempt
from .tenancy import AccountModel, current_cell
from .turns import writing

_handlers: dict[str, Callable[[str], None]] = {}


class Timer(Retried, AccountModel):
    name = models.CharField(max_length=80)
    subject = models.CharField(max_length=80)

    data_policy = NOTHING_PERSONAL

    class Meta(AccountModel.Meta):
        constraints = [models.UniqueConstraint(fields=["account", "name", "subject"], name="one_timer")]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(parked_at=None), name="timer_due")]


def set_timer(name: str, subject: object, *, due_at: datetime) -> None:
    fresh = {"due_at": due_at, "failures": 0, "error": "", "parked_at": None}
    Timer.objects.update_or_create(name=name, subject=str(subject), defaults=fresh)


def clear_timer(name: str, subject: object) -> None:
    Timer.objects.filter(name=name, subject=str(subject)).delete()


def on_timer(name: str) -> Callable:
    def register(handler: Callable[[str], None]) -> Callable[[str], None]:
        _handlers[name] = handler
        return handler

    return register


def fire(timer: Timer) -> None:
    """Once: whoever deletes the row handles it, in one transaction."""
    with writing(current_cell()):
        if Timer.objects.filter(pk=timer.pk, due_at=timer.due_at).delete()[0]:
            _handlers[timer.name](timer.subject)


def fire_patiently(timer: Timer) -> None:
    if error := attempt(partial(fire, timer)):
        before = timer.due_at
        timer.postpone(error)
        Timer.objects.filter(pk=timer.pk, due_at=before).update(
            due_at=timer.due_at,
            failures=timer.failures,
            error=timer.error,
            parked_at=timer.parked_at,
        )


def next_due(before: datetime) -> Timer | None:
    waiting = Timer.objects.filter(due_at__lte=before, parked_at=None)
    return waiting.order_by("due_at", "pk").first()
