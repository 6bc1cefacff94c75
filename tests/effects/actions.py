"""Acts, jobs and timers of the tests, whose effects can be counted."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from threading import Event as Flag

from parley.kernel import clock
from parley.kernel.actions import action, emit
from parley.kernel.actors import SYSTEM, Actor
from parley.kernel.events import event
from parley.kernel.jobs import enqueue, job
from parley.kernel.timers import on_timer, set_timer
from tests.effects.models import Effect

UNSTUCK = Flag()


@event("effect.recorded")
@dataclass(frozen=True)
class EffectRecorded:
    """Something a test can count."""

    effect: int


@action
def record(n: int, *, kind: str = "job", by: Actor) -> None:
    Effect.objects.create(kind=kind, n=n)
    emit(EffectRecorded(n), by=by)


@action
def order(numbers: list[int], *, by: Actor) -> None:
    for n in numbers:
        enqueue(slow, n=n)
        enqueue(quick, n=n)
        set_timer("effect", n, due_at=clock.now() + timedelta(seconds=random.uniform(0, 5)))


@job("effects.slow")
def slow(n: int) -> Callable[[], object]:
    time.sleep(random.uniform(0, 0.03))  # the outside part
    return partial(record, n, by=SYSTEM)


@job("effects.stuck")
def stuck(n: int) -> Callable[[], object]:
    UNSTUCK.wait(60)
    return partial(record, n, kind="stuck", by=SYSTEM)


@job("effects.failing")
def failing(n: int) -> None:
    raise OSError("no route to host")


@job("effects.quick", quick=True)
def quick(n: int) -> Callable[[], object]:
    return partial(Effect.objects.create, kind="quick", n=n)


@job("effects.quick_failing", quick=True)
def quick_failing(n: int) -> Callable[[], object]:
    def write_then_fail() -> None:
        Effect.objects.create(kind="quick", n=n)
        raise ValueError("not today")

    return write_then_fail


@on_timer("effect")
def timer(n: str) -> None:
    record(int(n), kind="timer", by=SYSTEM)


@on_timer("effect.failing")
def timer_failing(n: str) -> None:
    record(int(n), kind="timer", by=SYSTEM)
    raise ValueError("not today")
