"""The SQL fences: every statement on an account's table names the scope's account, in its cell.

Fence 4 reads the statement before it leaves; fence 5 (row-level security on PostgreSQL) is told
the account by the same statement, in the same round trip, so that no connection carries an
account from one statement to the next, whatever pools or savepoints do.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from django.apps import apps
from django.db.backends.signals import connection_created

from .tenancy import NoAccount, Scope, Scoped, WrongAccount, WrongCell, current_scope

NAMED = re.compile(r'account_id"?\s*=\s*(%s|\d+)')
INSERTED = re.compile(r"\s*INSERT (?:OR IGNORE )?INTO [^(]+\([^)]*\baccount_id\b", re.I)
# The deletion collector and its SET NULL: ids that come from a scoped query.
BY_KEY = re.compile(r'\s*(DELETE FROM \S+|UPDATE \S+ SET "\w+" = \S+) WHERE "\w+"\."\w+" IN \(', re.I)


def guard_sql(execute: Callable, sql: str, params: Any, many: bool, context: dict) -> Any:
    touched = account_tables().search(sql)
    if not touched:
        return execute(sql, params, many, context)
    connection, scope = context["connection"], current_scope()
    if scope is None:
        raise NoAccount(f"SQL touches {touched[0]} with no account in scope")
    if scope.cell != connection.alias:
        raise WrongCell(f"{touched[0]}: scope is in {scope.cell}, SQL for {connection.alias}")
    if not scope.everyone:
        _names_account(sql, params, scope, touched[0])
    if connection.vendor != "postgresql" or many:  # executemany stays without: RLS then refuses
        return execute(sql, params, many, context)
    result = execute(f"{stamp(scope)}; {sql}", params, many, context)
    context["cursor"].nextset()
    return result


def stamp(scope: Scope) -> str:
    return f"SET LOCAL parley.account = '{'*' if scope.everyone else int(scope.account or 0)}'"


def _names_account(sql: str, params: Any, scope: Scope, table: str) -> None:
    named = list(NAMED.finditer(sql))
    for match in named:
        value = match[1] if match[1] != "%s" else params[sql.count("%s", 0, match.start(1))]
        if scope.account is None or int(value) != scope.account:
            raise WrongAccount(f"SQL on {table} names account {value}, scope is {scope.account}")
    if not named and not BY_KEY.match(sql) and not INSERTED.match(sql):
        raise NoAccount(f"SQL touches {table} without account_id: {sql[:120]}")


@cache
def account_tables() -> re.Pattern[str]:
    names = (m._meta.db_table for m in apps.get_models() if issubclass(m, Scoped))
    return re.compile(r"\b(" + "|".join(sorted(names)) + r")\b", re.I)


def build() -> None:
    """Fence every connection as it is opened. Django offers no other hook that misses none."""
    connection_created.connect(_fence, dispatch_uid="fences")


def _fence(connection: Any, **kwargs: Any) -> None:
    if guard_sql not in connection.execute_wrappers:
        connection.execute_wrappers.append(guard_sql)
