"""Fence 5: SQL by hand on PostgreSQL, past every fence made of Python."""

import pytest
from django.conf import settings
from django.db import ProgrammingError, connections, transaction

from parley.desk.tickets.models import Ticket
from parley.kernel import rls
from parley.kernel.actors import SYSTEM
from parley.kernel.all_accounts import across_accounts
from parley.kernel.fences import guard_sql
from tests.effects.actions import record

CELL = settings.CELLS[0]
CODE = "BBB-BBBBB-005"
pytestmark = pytest.mark.skipif(
    "postgresql" not in settings.DATABASES[CELL]["ENGINE"], reason="PostgreSQL only"
)


@pytest.fixture
def bare(world):
    """A connection whose Python guard is gone, as in psql or after a bug."""
    world.ticket(code=CODE)
    connection = connections[CELL]
    connection.execute_wrappers.remove(guard_sql)
    with connection.cursor() as cursor:
        yield cursor
    connection.execute_wrappers.append(guard_sql)


def ask(cursor, sql, account=""):
    with transaction.atomic(using=CELL):
        # The test itself is one long transaction: forget what its earlier statements set.
        cursor.execute(f"SET LOCAL parley.account = '{account}'")
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def test_every_table_of_an_account_has_its_policy(bare):
    fenced = ask(
        bare,
        "SELECT relname FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid "
        "WHERE relrowsecurity AND relforcerowsecurity AND polname = 'own_account'",
    )
    assert {name for (name,) in fenced} == rls.tables()


@pytest.mark.parametrize("table", sorted(rls.tables()))
def test_nothing_is_seen_or_changed_without_an_account(bare, table):
    assert ask(bare, f"SELECT count(*) FROM {table}") == [(0,)]
    assert ask(bare, f"DELETE FROM {table}") == 0
    assert ask(bare, f"UPDATE {table} SET account_id = account_id") == 0


@pytest.mark.parametrize(
    "table", sorted(rls.tables() - {"kernel_searchterms"})
)  # read by a function only
def test_the_neighbours_rows_are_there_and_out_of_reach_in_every_table(bare, world, table):
    mine, other = world.account.pk, world.intruder.pk
    theirs = f"FROM {table} WHERE account_id = {other}"
    assert ask(bare, f"SELECT count(*) {theirs}", mine) == [(0,)]
    assert ask(bare, f"DELETE {theirs}", mine) == 0
    assert ask(bare, f"SELECT count(*) > 0 {theirs}", other) == [(True,)]


def test_one_account_sees_its_own_rows_only(bare, world):
    mine, other = world.account.pk, world.intruder.pk
    assert ask(bare, "SELECT code FROM tickets_ticket", mine) == [(CODE,)]
    assert ask(bare, f"SELECT * FROM tickets_ticket WHERE account_id = {other}", mine) == []
    assert ask(bare, f"UPDATE tickets_ticket SET subject = 'x' WHERE account_id = {other}", mine) == 0
    owners = ask(bare, "SELECT DISTINCT account_id FROM tickets_ticket", "*")
    assert {mine, other} <= {owner for (owner,) in owners}


def test_rows_are_not_planted_or_given_away(bare, world):
    mine, other = world.account.pk, world.intruder.pk
    with pytest.raises(ProgrammingError, match="row-level security"):
        ask(bare, f"UPDATE tickets_ticket SET account_id = {other}", mine)
    planted = f"INSERT INTO effects_effect (id, account_id, kind, n) VALUES (1, {other}, 'x', 1)"
    with pytest.raises(ProgrammingError, match="row-level security"):
        ask(bare, planted, mine)


@pytest.mark.parametrize("wrong", ["", "0", "1 OR 1=1", "null", "%"])
def test_a_spoilt_setting_shows_nothing(bare, wrong):
    assert ask(bare, "SELECT count(*) FROM tickets_ticket", wrong) == [(0,)]


def test_the_setting_ends_with_its_transaction(world):
    other = connections[CELL].copy()
    with other.cursor() as cursor:
        for sql in ("BEGIN", "SET LOCAL parley.account = '7'", "COMMIT"):
            cursor.execute(sql)
        cursor.execute("SELECT coalesce(current_setting('parley.account', true), '')")
        assert cursor.fetchone() == ("",)
    other.close()


def test_savepoints_do_not_unset_the_account(world):
    """Each statement brings its account along; a rolled back savepoint cannot take it away."""
    world.ticket()
    for _ in range(2):
        with pytest.raises(OSError), transaction.atomic(using=CELL):
            record(1, by=SYSTEM)
            raise OSError
        assert Ticket.objects.count() == 1
    with across_accounts("a test looks at everything", cell=CELL):
        assert Ticket.objects.count() >= 2
    assert Ticket.objects.count() == 1


def test_executemany_fails_closed(world):
    with connections[CELL].cursor() as cursor, pytest.raises(ProgrammingError):
        cursor.execute("SET LOCAL parley.account = ''")
        cursor.executemany(
            "INSERT INTO effects_effect (id, account_id, kind, n) VALUES (1, %s, 'x', 1)",
            [[world.address.pk]],
        )
