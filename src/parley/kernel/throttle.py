"""How often somebody may try: sign-ins, resets, posts. A bucket that leaks, one row for each.

The row holds the instant at which the bucket will be empty again (GCRA), so that a look is one row and
there are no windows at whose border twice as much gets through. Keys are stored as digests: they hold
addresses of people.
"""

from datetime import timedelta
from math import ceil

from django.db import models

from . import clock
from .policies import Policy
from .secrets import digest
from .tenancy import AccountModel, current_cell
from .turns import writing


class Attempts(AccountModel):
    key = models.CharField(max_length=64)
    empty_at = models.DateTimeField()

    data_policy = Policy(erased="expires", exported="no", why="digests, gone when the bucket is empty")

    class Meta(AccountModel.Meta):
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="one_bucket")]
        indexes = [models.Index(fields=["empty_at"], name="bucket_empty")]


class TooMany(Exception):
    """Refused, and counted no further. `retry_after`: whole seconds until the next may pass."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"again in {retry_after} s")


def count(what: str, who: str, *, limit: int, per: timedelta) -> None:
    """One more try at `what` by `who`; at most `limit` at once and `limit` in each `per` after that.

    In a transaction of its own, so that a refused request still counts: call it outside actions.
    Raises TooMany.
    """
    now, key, step = clock.now(), digest(f"{what}\n{who}"), per // limit
    with writing(current_cell()):
        Attempts.objects.bulk_create([Attempts(key=key, empty_at=now)], ignore_conflicts=True)
        bucket = Attempts.objects.select_for_update().get(key=key)
        filled = max(bucket.empty_at, now) + step
        if filled - now > per:
            raise TooMany(ceil((filled - now - per).total_seconds()))
        Attempts.objects.filter(pk=bucket.pk).update(empty_at=filled)


def forget(what: str, who: str) -> None:
    """The right password: earlier failures no longer count."""
    Attempts.objects.filter(key=digest(f"{what}\n{who}")).delete()


def sweep() -> int:
    """Remove the empty buckets of the account in scope."""
    return Attempts.objects.filter(empty_at__lt=clock.now()).delete()[0]
