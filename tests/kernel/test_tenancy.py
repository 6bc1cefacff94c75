"""Fences 1 to 4, and attempts to climb each."""

import pytest
from django.conf import settings
from django.db import connections, transaction

from parley.accounts.models import Account
from parley.accounts.sign_in import queries as sessions
from parley.accounts.sign_in.actions import open_session
from parley.desk.team.models import Agent
from parley.desk.tickets.models import Ticket
from parley.kernel.actors import SYSTEM
from parley.kernel.all_accounts import across_accounts
from parley.kernel.cells import account_scope, cell_scope
from parley.kernel.jobs import Job
from parley.kernel.tenancy import NoAccount, WrongAccount, entered
from parley.kernel.throttle import Attempts
from tests.world import CANARY

CELL = settings.CELLS[0]


def sql(text, params=None):
    with connections[CELL].cursor() as cursor:
        cursor.execute(text, params)
        return cursor.fetchall()


def plain(**kw):
    return Ticket(subject="x", department_id=1, **kw)


LEAKS = {
    "exists": lambda: Ticket.objects.exists(),
    "all": lambda: list(Ticket.objects.all()),
    "account": lambda: Account.objects.count(),
    "base_manager": lambda: Ticket._base_manager.count(),
    "bulk_create": lambda: Ticket.objects.bulk_create([plain()]),
    "bulk_create_ignoring": lambda: Attempts.objects.bulk_create(
        [Attempts(key="k")], ignore_conflicts=True
    ),
    "save": lambda: plain().save(),
    "raw_sql": lambda: sql('SELECT * FROM "tickets_ticket"'),
    "raw_sql_unquoted": lambda: sql("SELECT * FROM tickets_ticket WHERE account_id = 1"),
    "raw_insert": lambda: sql("INSERT OR IGNORE INTO team_agent (id, name) VALUES (1, 'x')"),
    "raw_queryset": lambda: list(Ticket.objects.raw("SELECT * FROM tickets_ticket")),
    "delete": lambda: Agent.objects.filter(name__contains=CANARY).delete(),
    "update": lambda: Agent.objects.update(name="x"),
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_no_account_no_rows(world, leak):
    with entered(None), pytest.raises(NoAccount):
        leak()


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_a_cell_without_account_shows_its_queue_and_no_rows(world, leak):
    with cell_scope(CELL):
        assert Job.objects.count() == 0
        with pytest.raises((NoAccount, WrongAccount)):
            leak()


def theirs(world):
    with across_accounts("a test needs a foreign row", cell=CELL):
        return Ticket.objects.select_related("assignee", "department").get(account_id=world.intruder.pk)


def mine(world, **kw):
    return Ticket.objects.create(subject="mine", department=world.general, **kw)


CLIMBS = {
    "refresh": (lambda c, w: c.refresh_from_db(), Ticket.DoesNotExist),
    "save": (lambda c, w: c.save(), WrongAccount),
    "delete": (lambda c, w: c.delete(), WrongAccount),
    "get": (lambda c, w: Ticket.objects.get(pk=c.pk), Ticket.DoesNotExist),
    "get_by_code": (lambda c, w: Ticket.objects.get(code=c.code), Ticket.DoesNotExist),
    "account": (lambda c, w: Account.objects.get(pk=w.intruder.pk), WrongAccount),
    "account_save": (lambda c, w: Account(pk=w.intruder.pk, name="x").save(), WrongAccount),
    "link": (lambda c, w: mine(w, assignee=c.assignee), WrongAccount),
    "link_department": (
        lambda c, w: Ticket.objects.create(subject="x", department=c.department),
        WrongAccount,
    ),
    "bulk_link": (
        lambda c, w: Ticket.objects.bulk_create(
            [Ticket(subject="x", department=w.general, assignee=c.assignee)]
        ),
        WrongAccount,
    ),
    "bulk_plant": (
        lambda c, w: Ticket.objects.bulk_create([plain(account_id=w.intruder.pk)]),
        WrongAccount,
    ),
    "plant": (lambda c, w: plain(account_id=w.intruder.pk).save(), WrongAccount),
    "give_away": (
        lambda c, w: Ticket.objects.filter(code="BBB-BBBBB-005").update(account_id=w.intruder.pk),
        WrongAccount,
    ),
    "bulk_update": (lambda c, w: update_nothing(c), AssertionError),
    "raw_all": (lambda c, w: sql('SELECT * FROM "team_agent"'), NoAccount),
    "raw_selected": (lambda c, w: sql("SELECT account_id FROM team_agent"), NoAccount),
    "raw_other": (
        lambda c, w: sql("SELECT * FROM team_agent WHERE account_id = %s", [w.intruder.pk]),
        WrongAccount,
    ),
    "raw_literal": (
        lambda c, w: sql(f"SELECT * FROM team_agent WHERE account_id = {w.intruder.pk}"),
        WrongAccount,
    ),
    "raw_both": (
        lambda c, w: sql(
            "SELECT * FROM team_agent WHERE account_id = %s OR account_id = %s",
            [w.account.pk, w.intruder.pk],
        ),
        WrongAccount,
    ),
    "update_pk": (lambda c, w: changed_by_pk(c), AssertionError),
}


def update_nothing(row):
    row.subject = "stolen"
    assert Ticket.objects.bulk_update([row], ["subject"]) == 1


def changed_by_pk(row):
    assert Ticket.objects.filter(pk=row.pk).update(subject="stolen") == 1


@pytest.mark.parametrize("climb, error", CLIMBS.values(), ids=CLIMBS)
def test_another_accounts_row_cannot_be_reached_and_nothing_changes(world, climb, error):
    mine(world, code="BBB-BBBBB-005")
    before = theirs(world)
    with pytest.raises(error), transaction.atomic(using=CELL):
        climb(theirs(world), world)
    after = theirs(world)
    assert (after.subject, after.assignee.name) == (before.subject, before.assignee.name)
    assert (after.subject, after.assignee.name) == (f"Subject {CANARY}", f"Agent {CANARY}")
    assert [t.code for t in Ticket.objects.all()] == ["BBB-BBBBB-005"]


def test_a_query_made_in_one_scope_does_not_answer_in_another(world):
    world.ticket()
    rows = Ticket.objects.all()
    with account_scope(world.intruder.pk), pytest.raises(WrongAccount):
        list(rows)


def planted(world):
    with across_accounts("plant a bad link as a bug would", cell=CELL):
        foreign = Agent.objects.get(account_id=world.intruder.pk, name=f"Agent {CANARY}")
    row = mine(world, code="BBB-BBBBB-005")
    Ticket.objects.filter(pk=row.pk).update(assignee_id=foreign.pk)
    return Ticket.objects.get(pk=row.pk)


def test_fk_traversal_stops_at_the_border(world):
    with pytest.raises(Agent.DoesNotExist):
        assert planted(world).assignee


def test_joins_over_a_bad_link_find_nothing(world):
    row = planted(world)
    assert list(Ticket.objects.values_list("assignee__name", flat=True)) == [None]
    assert Ticket.objects.filter(assignee__name__contains=CANARY).count() == 0
    assert list(Agent.objects.filter(ticket__code="BBB-BBBBB-005")) == []
    assert list(Agent.objects.exclude(ticket__code="BBB-BBBBB-005")) == [world.owner]
    assert Ticket.objects.select_related("assignee").get(pk=row.pk).assignee is None


def test_joins_over_a_good_link_find_it(world):
    good, row = world.agent("Good"), planted(world)
    Ticket.objects.filter(pk=row.pk).update(assignee=good)
    assert list(Ticket.objects.values_list("assignee__name", flat=True)) == ["Good"]
    assert list(Agent.objects.filter(ticket__code="BBB-BBBBB-005")) == [good]
    assert list(Agent.objects.exclude(ticket__code="BBB-BBBBB-005")) == [world.owner]
    agents = Agent.objects.order_by("name").prefetch_related("ticket_set")
    assert [(a.name, a.ticket_set.count()) for a in agents] == [("Good", 1), ("Olga", 0)]


def test_deleting_follows_links_inside_the_account_only(world):
    agent = Agent.objects.create(name="Ada")
    row = mine(world, assignee=agent)
    assert agent.delete() == (1, {"team.Agent": 1})
    row.refresh_from_db()
    assert row.assignee_id is None and theirs(world).assignee.name == f"Agent {CANARY}"


def test_a_session_of_one_account_opens_nothing_in_another(world):
    secret = open_session(world.owner.login, by=SYSTEM)
    assert sessions.session(secret).login == world.owner.login
    with account_scope(world.intruder.pk):
        assert sessions.session(secret) is None
