"""The only place that knows what time it is.

Three clocks. `now()` is the product's: trials, timers, mails and pages live by it; a test may stop it and
the operator of a sandbox may move it for all processes at once (`test_clock`). `machine()` is the
computer's: leases, heartbeats and ids live by it, so that a jump of the first harms nobody.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

_stopped_at: ContextVar[datetime | None] = ContextVar("stopped_at", default=None)
_offset: Callable[[], timedelta] | None = None


def now() -> datetime:
    """The product's time, aware, in UTC."""
    if stopped_at := _stopped_at.get():
        return stopped_at
    return machine() + _offset() if _offset else machine()


def machine() -> datetime:
    """The computer's time, aware, in UTC: never stopped and never moved."""
    return datetime.now(UTC)


def follow(offset: Callable[[], timedelta] | None) -> None:
    """Have `now()` run ahead of the machine by whatever `offset` says when asked; None: by nothing."""
    global _offset
    _offset = offset


@contextmanager
def stopped(at: datetime) -> Iterator[None]:
    """In this thread or task the product's clock stands still, until `move()`."""
    token = _stopped_at.set(at)
    try:
        yield
    finally:
        _stopped_at.reset(token)


def move(to: datetime | None = None, **delta: float) -> None:
    """Move a stopped clock. Refuses to move a running one."""
    here = _stopped_at.get()
    if here is None:
        raise RuntimeError("the clock is running; stop it before you move it")
    _stopped_at.set(to or here + timedelta(**delta))
