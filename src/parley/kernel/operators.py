"""Acts of the operator on directory rows: each with its reason, kept for ever in the directory's own log.

As with accounts' events: one transaction, gapless numbers in commit order, ids and enumerations only.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import asdict
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

from django.db import models

from . import clock
from .actors import Actor
from .cells import DIRECTORY, DirectoryModel
from .events import Event
from .turns import writing

P = ParamSpec("P")
R = TypeVar("R")


class AppendOnly(models.QuerySet):
    """A log: rows are added and read, nothing else."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("the log is never edited")

    bulk_update = delete = update


class OperatorEvent(DirectoryModel):
    seq = models.BigIntegerField(unique=True)
    name = models.CharField(max_length=80)
    data = models.JSONField()
    actor = models.CharField(max_length=80)
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()

    objects = models.Manager.from_queryset(AppendOnly)()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("the log is never edited")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("the log is never edited")


class OperatorEventCounter(DirectoryModel):
    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    last = models.BigIntegerField(default=0)


class NoReason(TypeError):
    """An operator's act without a reason."""


_happened: ContextVar[list[Event] | None] = ContextVar("operator_events", default=None)


def operator_action(change: Callable[P, R]) -> Callable[P, R]:
    """The one door to a change of the directory: needs `by=Actor` and `reason=` (a sentence)."""

    @wraps(change)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        by, reason = kwargs.get("by"), kwargs.get("reason")
        if not isinstance(by, Actor) or by.kind not in ("operator", "system", "api"):
            raise TypeError(f"{change.__name__}() needs by=Actor of the operator's side")
        if not isinstance(reason, str) or not reason.strip():
            raise NoReason(f"{change.__name__}() needs reason=")
        with writing(DIRECTORY):
            token = _happened.set([])
            try:
                result = change(*args, **kwargs)
                _store(_happened.get() or [], by, reason)
                return result
            finally:
                _happened.reset(token)

    return run


def record(event: Event) -> None:
    """As `emit` is for accounts: told inside an @operator_action, stored as its last step."""
    happened = _happened.get()
    if happened is None:
        raise RuntimeError("record() belongs inside an @operator_action")
    happened.append(event)


def _store(happened: list[Event], by: Actor, reason: str) -> None:
    if not happened:
        return
    OperatorEventCounter.objects.get_or_create(pk=1)
    OperatorEventCounter.objects.filter(pk=1).update(last=models.F("last") + len(happened))
    last = OperatorEventCounter.objects.get(pk=1).last
    OperatorEvent.objects.bulk_create(
        OperatorEvent(
            seq=seq,
            name=event.name,  # type: ignore[attr-defined]
            data=asdict(event),
            actor=str(by),
            reason=reason.strip()[:500],
            at=clock.now(),
        )
        for seq, event in enumerate(happened, last - len(happened) + 1)
    )
