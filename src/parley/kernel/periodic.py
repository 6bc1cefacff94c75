"""Jobs that come back: a row with a cron expression, and the next time it is due."""

from collections.abc import Mapping
from datetime import datetime

from croniter import croniter
from django.db import models

from . import clock
from .jobs import Handler, enqueue_by_name
from .tenancy import CellModel, Scope, current_cell, current_scope, entered
from .turns import writing


class Periodic(CellModel):
    account_id = models.PositiveBigIntegerField(default=0)  # 0: a chore of the cell itself
    name = models.CharField(max_length=80)
    cron = models.CharField(max_length=80)
    args = models.JSONField(default=dict)
    next_at = models.DateTimeField(db_index=True)

    class Meta(CellModel.Meta):
        constraints = [models.UniqueConstraint(fields=["account_id", "name"], name="one_periodic")]


def repeat(handler: Handler, cron: str, **args: object) -> None:
    """For the account in scope, or for the cell. Said again, it starts afresh from now."""
    repeat_by_name(handler.job, cron, args)  # type: ignore[attr-defined]


def repeat_by_name(name: str, cron: str, args: dict) -> None:
    scope = current_scope()
    Periodic.objects.update_or_create(
        account_id=(scope and scope.account) or 0,
        name=name,
        defaults={"cron": cron, "args": args, "next_at": _after(clock.now(), cron)},
    )


def keep(chores: Mapping[str, str]) -> None:
    """The chores of the cell in scope, name to cron; those that are as they should be keep their next time,
    what is no chore any more goes."""
    rows = Periodic.objects.filter(account_id=0)
    rows.exclude(name__in=chores).delete()
    known = dict(rows.values_list("name", "cron"))
    for name, cron in chores.items():
        if known.get(name) != cron:
            repeat_by_name(name, cron, {})


def enqueue_due() -> int:
    """What was missed while nobody worked is done once, not once for each time missed."""
    now = clock.now()
    if not Periodic.objects.filter(next_at__lte=now).exists():
        return 0
    with writing(current_cell()):
        due = list(Periodic.objects.select_for_update(skip_locked=True).filter(next_at__lte=now))
        for row in due:
            with entered(Scope(current_cell(), row.account_id or None)):
                enqueue_by_name(row.name, key="periodic", due_at=row.next_at, args=row.args)
            row.next_at = _after(now, row.cron)
            row.save(update_fields=["next_at"])
    return len(due)


def _after(moment: datetime, cron: str) -> datetime:
    return croniter(cron, moment).get_next(datetime)
