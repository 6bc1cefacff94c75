"""Where each account lives: the directory (`default`) knows its cell, the router follows the scope.

Three kinds of model: of the directory, of an account (tenancy.AccountModel) and of a cell
(tenancy.CellModel). On a small installation the directory and the only cell are one database.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.apps import apps
from django.conf import settings
from django.db import models

from .numbers import IdField
from .tenancy import Home, NoAccount, Scope, current_scope, entered

DIRECTORY = "default"
REMEMBERED_SECONDS = 5  # a move waits this long between closing the old cell and copying


class DirectoryModel(models.Model):
    """A small global row: addresses, plans, terms, operator staff. Never an account's data."""

    home: ClassVar[Home] = "directory"
    id = IdField()

    class Meta:
        abstract = True


class AccountAddress(DirectoryModel):
    """Name, account id and cell of one account. The primary key *is* the account id, everywhere.

    It answers at NAME.BASE_DOMAIN and at each AccountHost it has.
    """

    class State(models.TextChoices):
        OPENING = "opening"
        OPEN = "open"
        MOVING = "moving"
        CLOSED = "closed"

    name = models.CharField(max_length=63, unique=True)
    cell = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State, default=State.OPENING)

    @property
    def host(self) -> str:
        return f"{self.name}.{settings.BASE_DOMAIN}"


class AccountHost(DirectoryModel):
    """A host of its own at which an account answers too."""

    host = models.CharField(max_length=253, unique=True)
    address = models.ForeignKey(AccountAddress, models.CASCADE, related_name="hosts")


class NotServed(LookupError):
    """No open account answers at this host or under this id."""


def address_of(host: str) -> AccountAddress:
    """The account that answers at a host (no port, any case). Raises NotServed."""
    host = host.lower().rstrip(".")
    name = host.removesuffix(f".{settings.BASE_DOMAIN}")
    if name != host:
        address = AccountAddress.objects.filter(name=name).first()
    else:
        address = AccountAddress.objects.filter(hosts__host=host).first()
    if address is None or address.state != AccountAddress.State.OPEN:
        raise NotServed(host)
    return address


def region_of(cell: str) -> str:
    """`eu`, `uk`, `us` or `sg`: a cell is named after its region with a number; the only cell of a small
    installation says it by a setting."""
    return settings.REGION if cell == DIRECTORY else cell.rstrip("0123456789")


_remembered: dict[int, tuple[float, str]] = {}


def cell_of(account_id: int) -> str:
    if len(settings.CELLS) == 1:
        return settings.CELLS[0]
    until, cell = _remembered.get(account_id, (0.0, ""))
    if until < time.monotonic():
        found = AccountAddress.objects.filter(pk=account_id).values_list("cell", flat=True).first()
        if found is None:
            raise NotServed(account_id)
        cell = found
        _remembered[account_id] = (time.monotonic() + REMEMBERED_SECONDS, cell)
    return cell


@contextmanager
def account_scope(account_id: int, *, cell: str | None = None) -> Iterator[None]:
    with entered(Scope(cell or cell_of(account_id), account_id)):
        yield


@contextmanager
def cell_scope(cell: str) -> Iterator[None]:
    """A cell and no account: its queue may be read, no account's rows."""
    with entered(Scope(cell)):
        yield


def home_of(model: type[models.Model]) -> Home:
    return getattr(model, "home", "directory")  # Django's own tables live in the directory


class CellRouter:
    """Directory models to the directory, all others to the cell in scope. Nothing in between."""

    retired: ClassVar[dict[tuple[str, str], Home]] = {}  # models whose class is gone

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str:
        if home_of(model) == "directory":
            return DIRECTORY
        scope = current_scope()
        if scope is None:
            raise NoAccount(f"{model.__name__} used with no cell in scope")
        return scope.cell

    db_for_write = db_for_read

    def allow_relation(self, one: models.Model, other: models.Model, **hints: Any) -> bool:
        return home_of(type(one)) == home_of(type(other)) and one._state.db in (
            None,
            other._state.db or one._state.db,
        )

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool:
        home: Home = hints.get("home", "directory")  # RunPython and RunSQL say hints={"home": …}
        if model_name:
            try:
                home = home_of(apps.get_model(app_label, model_name))
            except LookupError:
                home = self.retired[app_label, model_name]
        return db == DIRECTORY if home == "directory" else db in settings.CELLS
