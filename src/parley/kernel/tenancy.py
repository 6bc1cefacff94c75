"""Which account's rows a piece of code may touch.

No scope, no rows: a query on account data outside a scope raises instead of answering for
everybody. The scope also names the cell, the database the account lives in.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from django.db import models
from django.db.models.sql.where import AND

from .numbers import IdField
from .policies import Policy

Home = Literal["directory", "cell"]


@dataclass(frozen=True)
class Scope:
    """One account in its cell; or a cell without an account (its own chores); or all of them."""

    cell: str
    account: int | None = None
    everyone: bool = False


_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)


class NoAccount(RuntimeError):
    """Account data was touched with no account in scope."""


class WrongAccount(RuntimeError):
    """A row of one account was about to be read, written or linked in another's scope."""


class WrongCell(WrongAccount):
    """Account data was about to be touched in a database that is not the scope's cell."""


@contextmanager
def entered(scope: Scope | None) -> Iterator[None]:
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


def current_scope() -> Scope | None:
    return _scope.get()


def current_cell() -> str:
    scope = _scope.get()
    if scope is None:
        raise NoAccount("no cell in scope")
    return scope.cell


def current_account_id() -> int:
    scope = _scope.get()
    if scope is None or scope.account is None:
        raise NoAccount("no single account in scope")
    return scope.account


class CellManager(models.Manager):
    """Rows of the cell in scope. The cell is pinned: a query made here cannot run elsewhere later."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().using(_pinned(self))


def _pinned(manager: models.Manager) -> str:
    cell = current_cell()
    if manager._db not in (None, cell):
        raise WrongCell(f"scope is in {cell}, not in {manager._db}")
    return cell


class CellModel(models.Model):
    """A row that belongs to a cell and to no account in particular, such as a queued job."""

    home: ClassVar[Home] = "cell"
    id = IdField()
    objects = CellManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"


class ScopedQuerySet(models.QuerySet):
    def bulk_create(self, objs: Iterable["Scoped"], *args: Any, **kwargs: Any) -> list:
        objs = list(objs)
        for obj in objs:
            obj.claim_account()
        return super().bulk_create(objs, *args, **kwargs)


class ScopedManager(models.Manager.from_queryset(ScopedQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> ScopedQuerySet:
        scope = _scope.get()
        if scope is None or (scope.account is None and not scope.everyone):
            raise NoAccount(f"{self.model.__name__} queried with no account in scope")
        rows = super().get_queryset().using(_pinned(self))
        return rows if scope.everyone else _of_account(rows, scope.account)


def _of_account(rows: ScopedQuerySet, account: int | None) -> ScopedQuerySet:
    """`rows.filter(<owner>=account)`, in a quarter of the time: every query begins here."""
    query, field = rows.query, rows.model._meta.get_field(rows.model.owner)
    column = field.get_col(query.get_initial_alias())
    query.where.add(field.get_lookup("exact")(column, account), AND)
    return rows


class Scoped(models.Model):
    """What an account owns. `owner` is the field that says which; its column is account_id."""

    home: ClassVar[Home] = "cell"
    owner: ClassVar[str] = "account_id"
    #: Each model says what is personal in it, and how it is erased and exported (checked: parley.E005).
    data_policy: ClassVar[Policy]
    objects = ScopedManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"  # also guards FK traversal, refresh_from_db() and save()

    def claim_account(self) -> None:
        scope, mine = _scope.get(), getattr(self, self.owner)
        if mine is None:
            mine = current_account_id()
            setattr(self, self.owner, mine)
        elif scope is None:
            raise NoAccount(f"{type(self).__name__} written with no account in scope")
        elif not scope.everyone and scope.account != mine:
            raise WrongAccount(f"{type(self).__name__} of account {mine}")
        for field in self._meta.concrete_fields:
            other = self._state.fields_cache.get(field.name)
            if isinstance(other, AccountModel) and other.account_id != mine:
                raise WrongAccount(f"{type(self).__name__}.{field.name} points at another account")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.claim_account()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self.claim_account()
        return super().delete(*args, **kwargs)


class AccountModel(Scoped):
    # No index of its own: every index of an account model starts with the account (parley.E003).
    id = IdField()
    account = models.ForeignKey("accounts.Account", models.CASCADE, editable=False, db_index=False)

    class Meta(Scoped.Meta):
        abstract = True
