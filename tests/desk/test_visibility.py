"""Who sees what: the predicate against a brute-force reading of the rule, over random desks."""

import random

import pytest
from django.conf import settings
from django.db import transaction

from parley.desk.team import actions as team
from parley.desk.team.models import Agent, Membership
from parley.desk.tickets import actions as tickets
from parley.desk.tickets import queries
from parley.desk.tickets.models import Message, Status, Ticket
from parley.kernel import clock
from parley.kernel.actors import SYSTEM
from parley.kernel.cells import account_scope

CELL = settings.CELLS[0]


def may_see(agent, ticket, works_in):
    """Owner and admins everything; an agent his departments and what is assigned to him; Init nobody."""
    if ticket.status == Status.INIT:
        return False
    if agent.login.role in ("owner", "admin"):
        return True
    return ticket.department_id in works_in.get(agent.pk, ()) or ticket.assignee_id == agent.pk


@pytest.mark.parametrize("seed", range(4))
def test_what_is_visible_agrees_with_the_rule_read_aloud(world, seed):
    rnd = random.Random(seed)
    departments = [world.general, *(world.department(f"D{n}") for n in range(3))]
    agents = [world.owner]
    for n in range(7):
        own = rnd.sample(departments, rnd.randrange(4))
        agent = world.agent(f"A{n}", role=rnd.choice(["agent", "agent", "agent", "admin"]))
        team.set_member(world.general, agent, role=None, by=SYSTEM)
        for department in own:
            role = rnd.choice(Membership.Role.values)
            team.set_member(department, agent, role=role, by=SYSTEM)
        agents.append(agent)
    made = []
    for n in range(40):
        ticket = world.ticket(
            email=f"{n}@customer.example",
            department=rnd.choice(departments),
            status=rnd.choice(Status.values),
            assignee=rnd.choice([None, None, *agents]),
        )
        made.append(ticket)
    works_in = {}
    for membership in Membership.objects.all():
        works_in.setdefault(membership.agent_id, set()).add(membership.department_id)

    seen = 0
    for agent in agents:
        expected = {t.pk for t in made if may_see(agent, t, works_in)}
        rows = list(queries.visible_to(agent))
        assert {t.pk for t in rows} == expected and len(rows) == len(expected)
        for ticket in made:
            found = queries.visible_to(agent).filter(code=ticket.code).exists()
            assert found == (ticket.pk in expected) == can_get(agent, ticket) == can_read(agent, ticket)
        for view in queries.views_of(agent):
            listed = {t.pk for t in queries.in_view(agent, view)}
            assert listed <= expected, view.key
        seen += len(expected)
    assert 0 < seen < len(agents) * len(made)


def can_get(agent, ticket):
    try:
        return queries.get(ticket.code, seen_by=agent).pk == ticket.pk
    except Ticket.DoesNotExist:
        return False


def can_read(agent, ticket):
    message = Message.objects.filter(group__ticket=ticket).first()
    try:
        return queries.message(message.public_id, seen_by=agent) == message
    except Message.DoesNotExist:
        return False


def test_no_neighbour_is_in_sight_of_an_owner(world, intruder):
    with account_scope(intruder.pk):
        codes = list(Ticket.objects.values_list("code", flat=True))
        messages = list(Message.objects.values_list("public_id", flat=True))
    assert codes and messages
    for code in codes:
        with pytest.raises(Ticket.DoesNotExist):
            queries.get(code, seen_by=world.owner)
    for public_id in messages:
        with pytest.raises(Message.DoesNotExist):
            queries.message(public_id, seen_by=world.owner)


VIEWS = {
    "to-solve": {"new none", "new mine", "open none", "open mine"},
    "mine": {"new mine", "open mine", "answered mine", "postponed mine"},
    "unassigned": {"new none", "open none"},
    "answered": {"answered none", "answered mine", "answered other"},
    "resolved": {f"{s} {w}" for s in ("resolved", "closed") for w in ("none", "mine", "other")},
    "all": {
        f"{s} {w}"
        for s in ("new", "open", "answered", "postponed", "resolved", "closed")
        for w in ("none", "mine", "other")
    },
}


def test_each_view_lists_what_it_says(world):
    ada, bob = world.agent("Ada"), world.agent("Bob")
    for status in (
        "NEW",
        "OPEN",
        "ANSWERED",
        "POSTPONED",
        "RESOLVED",
        "CLOSED",
        "DELETED",
        "SPAM",
        "INIT",
    ):
        for whose, agent in {"none": None, "mine": ada, "other": bob}.items():
            world.ticket(
                subject=f"{status.lower()} {whose}", status=Status[status].value, assignee=agent
            )
    found = {view.key: {t.subject for t in queries.in_view(ada, view)} for view in queries.views_of(ada)}
    assert found == VIEWS


@pytest.mark.parametrize("seed", range(3))
def test_paging_shows_each_ticket_once_and_in_order_while_new_ones_arrive(world, seed):
    rnd = random.Random(seed)
    [view] = [v for v in queries.views_of(world.owner) if v.key == "all"]
    for n in range(30):
        if rnd.random() < 0.6:  # several of one instant
            clock.move(seconds=1)
        world.ticket(email=f"{n}@customer.example")
    expected = [t.pk for t in queries.in_view(world.owner, view)]
    seen, before = [], None
    while True:
        found = queries.page(queries.in_view(world.owner, view), before=before, size=7)
        seen += [t.pk for t in found[:7]]
        if len(found) <= 7:
            break
        before = (found[6].last_message_at, found[6].pk)
        clock.move(seconds=1)
        world.ticket(email=f"late{len(seen)}@customer.example")
    assert seen == expected
    assert [t.last_message_at for t in queries.in_view(world.owner, view)] == sorted(
        Ticket.objects.values_list("last_message_at", flat=True), reverse=True
    )


def test_who_was_deleted_sees_nothing_of_a_department_any_more(world):
    ada = world.agent("Ada")
    world.ticket()
    assert queries.visible_to(ada).count() == 1
    team.delete_agent(ada, by=SYSTEM)
    assert queries.visible_to(Agent.objects.get(pk=ada.pk)).count() == 0


def test_the_predicate_is_one_query(world, django_assert_num_queries):
    from django.db import connections

    ada = Agent.objects.select_related("login").get(pk=world.agent("Ada").pk)
    with transaction.atomic(using=CELL), django_assert_num_queries(1, connection=connections[CELL]):
        list(queries.visible_to(ada))
    assert tickets.Ticket is Ticket
