"""Agents and departments: who works where, under which address, and how somebody leaves."""

import pytest

from parley.accounts.models import Login
from parley.accounts.sign_in import queries as sessions
from parley.accounts.sign_in.actions import EmailTaken, OneOwner, open_session
from parley.desk.team import actions as team
from parley.desk.team import queries
from parley.desk.team.models import Agent, Membership
from parley.kernel.actors import SYSTEM
from parley.kernel.events import StoredEvent


def happened(prefix):
    rows = StoredEvent.objects.filter(name__startswith=prefix).order_by("seq")
    return [(e.name, e.data) for e in rows]


@pytest.fixture
def before(world):
    return StoredEvent.objects.count()


def since(before):
    return [(e.name, e.data) for e in StoredEvent.objects.order_by("seq")[before:]]


def test_a_new_agent_solves_tickets_in_general(world, before):
    ada = team.add_agent(" Ada Byron ", email="Ada@acme.example", password="long enough", by=SYSTEM)
    assert (ada.name, ada.shown_name, ada.login.email, ada.login.role) == (
        "Ada Byron",
        "Ada Byron",
        "ada@acme.example",
        "agent",
    )
    assert [(m.department, m.role) for m in Membership.objects.filter(agent=ada)] == [
        (world.general, "solver")
    ]
    assert since(before) == [
        ("agent.added", {"agent": ada.pk}),
        (
            "department.members_changed",
            {"department": world.general.pk, "agent": ada.pk, "role": "solver"},
        ),
    ]
    assert queries.by_login(ada.login.pk) == queries.agent(ada.public_id) == ada


def test_an_address_in_use_makes_no_agent(world):
    world.agent("Ada", email="ada@acme.example")
    with pytest.raises(EmailTaken):
        team.add_agent("Second", email="ada@acme.example", by=SYSTEM)
    assert not Agent.objects.filter(name="Second").exists()


def test_customers_read_the_alias(world):
    ada = world.agent("Ada")
    team.rename_agent(ada, name="Ada Byron", alias=" Support ", by=SYSTEM)
    ada.refresh_from_db()
    assert (ada.name, ada.alias, ada.shown_name) == ("Ada Byron", "Support", "Support")
    assert happened("agent.changed") == [("agent.changed", {"agent": ada.pk})]


def test_who_leaves_is_out_at_once_and_his_words_stay(world):
    ada = world.agent("Ada")
    ticket = world.ticket()
    group = world.answer(ticket, author=ada)
    secret = open_session(ada.login, by=SYSTEM)
    team.delete_agent(ada, by=SYSTEM)
    assert sessions.session(secret) is None
    assert not Membership.objects.filter(agent=ada).exists()
    assert ada not in queries.agents() and queries.by_login(ada.login.pk) is None
    assert Login.objects.get(pk=ada.login.pk).state == "deleted"
    group.refresh_from_db()
    assert group.agent == ada
    assert happened("agent.deleted") == [("agent.deleted", {"agent": ada.pk})]
    world.agent("Ada again", email=ada.login.email)


def test_the_owner_does_not_leave(world):
    with pytest.raises(OneOwner):
        team.delete_agent(world.owner, by=SYSTEM)
    assert world.owner in queries.agents()


def test_agents_are_listed_by_name(world):
    for name in ("Zoe", "Ada", "Mia"):
        world.agent(name)
    assert [a.name for a in queries.agents()] == ["Ada", "Mia", "Olga", "Zoe"]


def test_departments_stand_in_the_order_they_were_made(world):
    made = [world.department(name) for name in ("Sales", "Billing")]
    assert [(d.name, d.position) for d in queries.departments()] == [
        ("General", 0),
        ("Sales", 1),
        ("Billing", 2),
    ]
    assert queries.department(made[0].public_id) == made[0]
    assert queries.default_department().is_default and not made[0].is_default


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".a",
        "a.",
        "-a",
        "a b",
        "ä",
        "A",
        "a+b",
        "a@b",
        "x" * 65,
        "postmaster",
        "abuse",
        "noreply",
        "bounce",
        "a\n",
    ],
)
def test_addresses_that_cannot_be_are_refused(world, name):
    with pytest.raises(team.BadMailName):
        team.add_department("New", mail_name=name, by=SYSTEM)
    with pytest.raises(team.BadMailName):
        team.change_department(world.general, name="General", mail_name=name, by=SYSTEM)


def test_an_address_belongs_to_one_department(world):
    sales = team.add_department("Sales", mail_name="sales", by=SYSTEM)
    with pytest.raises(team.MailNameTaken):
        team.add_department("Second", mail_name="sales", by=SYSTEM)
    with pytest.raises(team.MailNameTaken):
        team.change_department(world.general, name="General", mail_name="sales", by=SYSTEM)
    team.change_department(sales, name="Sales & Co", mail_name="sales", by=SYSTEM)
    assert queries.department_for_mail("SALES") == sales
    assert queries.department_for_mail("nobody") is None
    assert queries.department(sales.public_id).name == "Sales & Co"


def test_a_membership_is_told_once_and_ends(world, before):
    ada = world.agent("Ada")
    sales = world.department("Sales")
    start = StoredEvent.objects.count()
    for role in ("reader", "reader", "manager", None, None):
        team.set_member(sales, ada, role=role, by=SYSTEM)
    told = [data["role"] for _, data in since(start)]
    assert told == ["reader", "manager", None]
    assert not Membership.objects.filter(agent=ada, department=sales).exists()


def test_where_somebody_works(world):
    sales, billing = world.department("Sales"), world.department("Billing")
    sue = world.agent("Sue", sales)
    admin = world.agent("Max", sales, role="admin")
    assert list(queries.departments_of(sue)) == [sales]
    assert list(queries.departments_of(admin)) == [world.general, sales, billing]
    assert list(queries.departments_of(world.owner)) == [world.general, sales, billing]
    assert [m.agent.name for m in queries.members(sales)] == ["Max", "Sue"]


def test_who_is_assignable_is_listed_once(world):
    sales = world.department("Sales")
    sue = world.agent("Sue", sales, works_as="supervisor")
    world.agent("Rita", sales, works_as="reader")
    admin = world.agent("Max", sales, world.general, role="admin")
    assert list(queries.assignable(sales)) == [admin, world.owner, sue]
    reads_here = world.agent("Both", world.general)
    team.set_member(sales, reads_here, role="reader", by=SYSTEM)
    assert reads_here not in queries.assignable(sales)
