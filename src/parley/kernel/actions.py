"""The one door to a state change: one transaction in the account's cell, one actor, its events."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

from django.utils.translation import gettext_lazy as _

from . import events
from .actors import Actor
from .tenancy import Scope, WrongAccount, current_account_id, current_scope
from .turns import writing

P = ParamSpec("P")
R = TypeVar("R")


@dataclass
class Batch:
    scope: Scope
    happened: list[tuple[events.Event, Actor]] = field(default_factory=list)


_batch: ContextVar[Batch | None] = ContextVar("batch", default=None)


class Refusal(Exception):
    """The request was understood and is not allowed now. Faces turn it into a message.

    `code` is stable and public; `message` is a sentence for the reader, translated when shown.
    """

    code = "refused"
    message: Any = _("This is not possible now.")

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def action(change: Callable[P, R]) -> Callable[P, R]:
    """A change of state. It has a keyword `by`, who does it; one that is always the same's may say so."""
    usual = signature(change).parameters["by"].default

    @wraps(change)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if not isinstance(kwargs.setdefault("by", usual), Actor):
            raise TypeError(f"{change.__name__}() needs by=Actor")
        current_account_id()  # raises without one
        if outer := _batch.get():
            return _inside(outer, change, *args, **kwargs)
        scope = current_scope()
        assert scope is not None
        with writing(scope.cell):
            token = _batch.set(batch := Batch(scope))
            try:
                result = change(*args, **kwargs)
                events.append(batch.happened)
                return result
            finally:
                _batch.reset(token)

    return run


def _inside(outer: Batch, change: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """An action called by an action: same transaction, same batch. Refused, it leaves no trace."""
    if outer.scope != current_scope():
        raise WrongAccount(f"{change.__name__}() inside an action of another account")
    mark = len(outer.happened)
    try:
        with writing(outer.scope.cell):
            return change(*args, **kwargs)
    except BaseException:
        del outer.happened[mark:]
        raise


def emit(event: events.Event, *, by: Actor) -> None:
    batch = _batch.get()
    if batch is None:
        raise RuntimeError("emit() belongs inside an @action")
    batch.happened.append((event, by))
