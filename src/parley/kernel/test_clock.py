"""A sandbox's clock, ahead of the machine's by a row in the directory, so that all processes share it.

It only exists where the operator started the installation with one; elsewhere moving it is refused.
Once set it goes forward only: what has happened stays in the past. Before anything has happened, that is
while no account exists, it may begin anywhere.
"""

import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from . import clock
from .cells import AccountAddress, DirectoryModel

REMEMBERED_SECONDS = 0.05


class ClockOffset(DirectoryModel):
    """How far the product's time is ahead of the machine's. One row, or none."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    ahead = models.DurationField(default=timedelta)


class NoTestClock(RuntimeError):
    """This installation lives by the machine's time; nobody may move its clock."""


class Backwards(ValueError):
    """The test clock only goes forward."""


_read: tuple[float, timedelta] = (0.0, timedelta())


def ahead() -> timedelta:
    global _read
    if _read[0] < time.monotonic():
        rows = ClockOffset.objects.values_list("ahead", flat=True)
        _read = (time.monotonic() + REMEMBERED_SECONDS, rows.first() or timedelta())
    return _read[1]


def set_to(moment: datetime) -> None:
    """From now on the product's time is `moment`, and runs on. Aware; other processes follow at once,
    that is within REMEMBERED_SECONDS."""
    global _read
    if not settings.TEST_CLOCK:
        raise NoTestClock("start the installation with --test-clock to move its time")
    new = moment - clock.machine()
    old = ClockOffset.objects.values_list("ahead", flat=True).first() or timedelta()
    if AccountAddress.objects.exists() and new < old - timedelta(seconds=1):
        raise Backwards(f"the test clock is already {old} ahead")
    ClockOffset.objects.update_or_create(pk=1, defaults={"ahead": new})
    _read = (0.0, timedelta())
