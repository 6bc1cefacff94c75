"""Is this installation well? For load balancers, the supervisor and people: what is wrong, in names of
parts, never in data of accounts.

A process is missed when its beat grows old; work is late when it has been due for a minute. Lateness
counts from when this process began to watch, or the product's clock was moved, if that is later: after a
jump of the clock, or a night switched off, there is much to do and nothing wrong yet.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections

from parley.kernel import beats, clock
from parley.kernel.cells import DIRECTORY

SILENT_AFTER = timedelta(seconds=20)
LATE_AFTER = timedelta(seconds=60)
REMEMBERED_SECONDS = 1.0
RECOVERING_SECONDS = 0.1  # while something is wrong
JUMP = timedelta(seconds=2)
WORDS = {"job": "a job", "event": "an event", "timer": "a timer"}

Check = tuple[str, bool, str]  # name, whether it is well, a sentence


class Health:
    """What one process knows of the whole. `hub_listens` is asked where the live hub is in this process;
    `expected` names the kinds of process that must be at work even if none has ever been seen."""

    def __init__(
        self,
        *,
        hub_listens: Callable[[], bool] | None = None,
        expected: Sequence[str] = ("worker",),
    ) -> None:
        self.hub_listens, self.expected = hub_listens, expected
        self.watch = Watch()
        self.lock, self.until, self.known = Lock(), 0.0, dict[str, Any]()

    def report(self) -> dict[str, Any]:
        """`{"ok": bool, "checks": {name: {"ok": bool, "message": str}}}`, at most a second old."""
        with self.lock:
            if self.until < time.monotonic():
                checks = {name: {"ok": ok, "message": said} for name, ok, said in self._checks()}
                self.known = {"ok": all(each["ok"] for each in checks.values()), "checks": checks}
                keeps = REMEMBERED_SECONDS if self.known["ok"] else RECOVERING_SECONDS
                self.until = time.monotonic() + keeps
            return self.known

    def _checks(self) -> Iterator[Check]:
        reachable = []
        for alias in dict.fromkeys([DIRECTORY, *settings.CELLS]):
            check = _reaches(alias)
            reachable += [alias] if check[1] else []
            yield check
        if self.hub_listens is not None:
            listens = self.hub_listens()
            yield "live", listens, "listens for changes" if listens else "does not listen for changes"
        if DIRECTORY in reachable:
            yield from self._processes()
        self.watch.look()
        for cell in settings.CELLS:
            if cell in reachable:
                yield self._queues(cell)

    def _processes(self) -> Iterator[Check]:
        try:
            seen = beats.latest()
        except (DatabaseError, InterfaceError) as error:
            yield "processes", False, f"cannot be looked up: {type(error).__name__}"
            return
        now = clock.machine()
        wanted = [(kind, c) for kind in self.expected for c in _served_by(kind)]
        for kind, cell in dict.fromkeys([*wanted, *seen]):
            if cell and cell not in settings.CELLS:  # of a cell that is no longer ours
                continue
            name = f"{kind} {cell}" if cell and len(settings.CELLS) > 1 else kind
            last = seen.get((kind, cell))
            well = last is not None and now - last < SILENT_AFTER
            yield name, well, "is at work" if well else _silence(last, now)

    def _queues(self, cell: str) -> Check:
        name = f"queues {cell}" if len(settings.CELLS) > 1 else "queues"
        try:
            waiting = beats.waiting(cell)
        except (DatabaseError, InterfaceError) as error:
            return name, False, f"cannot be looked up: {type(error).__name__}"
        late = {what: self.watch.lateness(getattr(waiting, what)) for what in WORDS}
        worst = max(late, key=lambda what: late[what])
        if late[worst] > LATE_AFTER:
            return name, False, f"{WORDS[worst]} has waited for {late[worst].total_seconds():.0f} s"
        return name, True, "nothing is late"


class Watch:
    """How long what is due has been seen to be due."""

    def __init__(self) -> None:
        self.since, self.ahead = time.monotonic(), _ahead()

    def look(self) -> None:
        ahead = _ahead()
        if abs(ahead - self.ahead) > JUMP:
            self.since, self.ahead = time.monotonic(), ahead

    def lateness(self, due: datetime | None) -> timedelta:
        if due is None:
            return timedelta()
        return min(clock.now() - due, timedelta(seconds=time.monotonic() - self.since))


def _ahead() -> timedelta:
    """Of the product's clock before the machine's; as before, where the directory cannot be asked."""
    try:
        return clock.now() - clock.machine()
    except (DatabaseError, InterfaceError):
        return timedelta()


def _served_by(kind: str) -> Sequence[str]:
    return settings.CELLS if kind == "worker" else ("",)


def _silence(last: datetime | None, now: datetime) -> str:
    if last is None:
        return "is not running"
    return f"has been silent for {(now - last).total_seconds():.0f} s"


def _reaches(alias: str) -> Check:
    name = f"database {alias}" if alias != DIRECTORY else "database"
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except (DatabaseError, InterfaceError) as error:
        return name, False, f"cannot be reached: {type(error).__name__}"
    return name, True, "is reachable"
