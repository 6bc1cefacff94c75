"""Directory, cells and the border between them; every statement is watched."""

import random
import re

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connections, models
from django.test.utils import isolate_apps, override_settings

from parley.accounts.actions import Opening
from parley.desk.openings import Owner, open_desk
from parley.desk.team.models import Agent
from parley.desk.tickets import actions as tickets
from parley.desk.tickets.models import Ticket
from parley.kernel import cells, checks, reactors
from parley.kernel.actions import Refusal, action
from parley.kernel.actors import SYSTEM
from parley.kernel.all_accounts import across_accounts
from parley.kernel.cells import (
    AccountAddress,
    AccountHost,
    CellRouter,
    DirectoryModel,
    NotServed,
    account_scope,
    address_of,
    cell_of,
    home_of,
    region_of,
)
from parley.kernel.fences import account_tables
from parley.kernel.jobs import enqueue
from parley.kernel.links import AccountForeignKey
from parley.kernel.policies import NOTHING_PERSONAL
from parley.kernel.tenancy import AccountModel, CellModel, Scoped, WrongAccount, WrongCell
from tests.effects.actions import quick
from tests.world import World

several = pytest.mark.skipif(len(settings.CELLS) < 2, reason="one cell only")


@pytest.fixture
def neighbours(world):
    """Five accounts, dealt out to the cells."""

    def opened(i):
        opening = Opening(f"n{i}", cell=settings.CELLS[i % len(settings.CELLS)])
        return open_desk(opening, owner=Owner(f"o@n{i}.example", "O", "long enough"), by=SYSTEM)

    return [opened(i) for i in range(5)]


def busy(rnd, address, number):
    world = World(address)
    agents = [world.agent(f"{number}-{i}") for i in range(2)]
    ticket = world.ticket(email=f"{number}@customer.example")
    for verb in rnd.sample(["assign", "answer", "resolve", "bulk", "job", "settle", "delete"], 5):
        match verb:
            case "assign":
                tickets.assign(ticket, to=rnd.choice(agents), by=SYSTEM)
            case "answer":
                world.answer(ticket)
            case "resolve":
                tickets.resolve(ticket, by=SYSTEM)
            case "bulk":
                Ticket.objects.bulk_create([Ticket(subject="b", department=world.general)])
                rows = Ticket.objects.select_related("assignee")
                list(rows.prefetch_related("assignee__ticket_set"))
            case "job":
                enqueue(quick, n=number)
            case "settle":
                reactors.settle()
            case "delete":
                Agent.objects.create(name="gone").delete()


def test_account_rows_never_reach_another_cell(world, neighbours):
    seen = []

    def watch(execute, sql, params, many, context):
        if account_tables().search(sql):
            seen.append((context["connection"].alias, sql, params))
        return execute(sql, params, many, context)

    rnd, home = random.Random(7), {a.pk: a.cell for a in neighbours}
    for alias in settings.DATABASES:
        connections[alias].execute_wrappers.insert(0, watch)
    try:
        for turn in range(1, 13):
            address = rnd.choice(neighbours)
            before = len(seen)
            with account_scope(address.pk):
                busy(rnd, address, turn)
            assert {alias for alias, *_ in seen[before:]} == {address.cell}
            for _, sql, params in seen[before:]:
                for named in re.finditer(r'account_id" = (%s)', sql):
                    assert params[sql.count("%s", 0, named.start(1))] == address.pk
    finally:
        for alias in settings.DATABASES:
            connections[alias].execute_wrappers.remove(watch)

    assert len(seen) > 500
    for cell in settings.CELLS:  # and what lies there agrees with what was said
        with across_accounts("a test looks at everything", cell=cell):
            for model in apps.get_models():
                if issubclass(model, Scoped):
                    owners = set(model.objects.values_list(model.owner, flat=True))
                    assert {home.get(owner, cell) for owner in owners} <= {cell}, model


@several
@pytest.mark.parametrize(
    "break_out",
    [
        lambda cell: list(Ticket.objects.using(cell)),
        lambda cell: Ticket.objects.using(cell).create(subject="x", department_id=1),
        lambda cell: Ticket(subject="x", department_id=1).save(using=cell),
        lambda cell: Ticket.objects.using(cell).bulk_create([Ticket(subject="x", department_id=1)]),
        lambda cell: Ticket.objects.using(cell).filter(subject="x").update(subject="y"),
        lambda cell: Ticket.objects.get().refresh_from_db(using=cell),
        lambda cell: Ticket.objects.db_manager(cell).filter(subject="x").delete(),
        lambda cell: (
            connections[cell].cursor().execute("SELECT 1 FROM tickets_ticket WHERE account_id = 0")
        ),
    ],
    ids=["read", "create", "save", "bulk", "update", "refresh", "delete", "sql"],
)
def test_naming_another_database_is_refused(world, break_out):
    world.ticket()
    with pytest.raises(WrongCell):
        break_out(settings.CELLS[1])


@several
def test_a_query_of_one_cell_is_not_run_in_another(world, far_intruder):
    world.ticket()
    mine = Ticket.objects.all()
    with account_scope(far_intruder.pk), pytest.raises(WrongCell):
        list(mine)


@several
def test_a_row_of_one_cell_is_not_linked_in_another(world, far_intruder):
    with account_scope(far_intruder.pk):
        foreign = Agent.objects.first()
    with pytest.raises((WrongAccount, ValueError)):
        Ticket.objects.create(subject="x", department=world.general, assignee=foreign)
    with pytest.raises(tickets.NotAssignable):
        tickets.assign(world.ticket(), to=foreign, by=SYSTEM)


def test_an_action_opens_its_transaction_in_its_cell_and_in_no_other(world, neighbours):
    for address in neighbours:
        inside = {}

        @action
        def look(*, by, inside=inside):
            inside.update({a: len(connections[a].savepoint_ids) for a in settings.DATABASES})

        quiet = {a: len(connections[a].savepoint_ids) for a in settings.DATABASES}
        with account_scope(address.pk):
            look(by=SYSTEM)
        assert {a for a in inside if inside[a] > quiet[a]} == {address.cell}


def test_an_action_inside_an_action_of_another_account_is_refused(world, far_intruder):
    @action
    def outer(*, by):
        world.agent("Kept out")
        with account_scope(far_intruder.pk):
            tickets.resolve(Ticket.objects.first(), by=by)

    with pytest.raises(WrongAccount):
        outer(by=SYSTEM)
    assert list(Agent.objects.all()) == [world.owner]


def test_account_ids_are_the_directorys_and_unique_over_all_cells(world, neighbours):
    ids = {}
    for cell in settings.CELLS:
        with across_accounts("a test looks at everything", cell=cell):
            for pk in apps.get_model("accounts.Account").objects.values_list("pk", flat=True):
                assert ids.setdefault(pk, cell) == cell
    assert ids == dict(AccountAddress.objects.values_list("pk", "cell"))


def test_an_account_answers_at_its_name_and_at_its_own_hosts_only(world):
    AccountHost.objects.create(host="help.acme.example", address=world.address)
    for host in ("acme.localhost", "ACME.localhost", "acme.localhost.", "help.acme.example"):
        assert address_of(host).pk == world.account.pk
    for host in (
        "localhost",
        "acme",
        "acme.example",
        "x.acme.localhost",
        ".localhost",
        "",
        "nobody.localhost",
    ):
        with pytest.raises(NotServed):
            address_of(host)
    AccountAddress.objects.filter(pk=world.account.pk).update(state=AccountAddress.State.CLOSED)
    for host in ("acme.localhost", "help.acme.example"):
        with pytest.raises(NotServed):
            address_of(host)


def test_a_cell_is_named_after_its_region():
    assert [region_of(cell) for cell in ("eu1", "us12", "sg1", "uk3")] == ["eu", "us", "sg", "uk"]
    with override_settings(REGION="uk"):
        assert region_of("default") == "uk"


@several
def test_where_an_account_lives_is_remembered_for_moments_only(world, monkeypatch):
    assert cell_of(world.account.pk) == settings.CELLS[0]
    AccountAddress.objects.filter(pk=world.account.pk).update(cell=settings.CELLS[1])
    assert cell_of(world.account.pk) == settings.CELLS[0]
    monkeypatch.setattr(cells, "REMEMBERED_SECONDS", 0)
    cells._remembered.clear()
    assert cell_of(world.account.pk) == settings.CELLS[1]
    with pytest.raises(NotServed):
        cell_of(1)


def test_each_table_is_in_its_home_only(world):
    names = {a: set(connections[a].introspection.table_names()) for a in settings.DATABASES}
    for model in apps.get_models():
        homes = settings.CELLS if home_of(model) == "cell" else ["default"]
        assert {a for a in names if model._meta.db_table in names[a]} == set(homes), model


def test_the_router_follows_hints_and_refuses_unknown_models():
    router = CellRouter()
    assert router.allow_migrate("default", "kernel", home="directory")
    assert router.allow_migrate(settings.CELLS[-1], "kernel", home="cell")
    with pytest.raises(KeyError):
        router.allow_migrate("default", "kernel", "long_gone")


@isolate_apps("parley.desk.tickets")
def test_system_checks_refuse_what_would_cross_the_border():
    class Plan(DirectoryModel):
        class Meta:
            app_label = "tickets"

    class Homeless(models.Model):
        __module__ = "parley.desk.tickets.models"

        class Meta:
            app_label = "tickets"

    class Subscription(AccountModel):
        plan = models.ForeignKey(Plan, models.CASCADE)
        agent = models.ForeignKey(Agent, models.CASCADE)
        good = AccountForeignKey(Agent, models.CASCADE, related_name="+")
        data_policy = NOTHING_PERSONAL

        class Meta(AccountModel.Meta):
            app_label = "tickets"

    class Chore(CellModel):
        plan = models.ForeignKey(Plan, models.CASCADE)

        class Meta(CellModel.Meta):
            app_label = "tickets"

    found = {
        m.__name__: sorted(e.id for e in checks.check_model(m))
        for m in (Plan, Homeless, Subscription, Chore)
    }
    assert found == {
        "Plan": [],
        "Homeless": ["parley.E002"],
        "Subscription": ["parley.E001", "parley.E003", "parley.E004"],
        "Chore": ["parley.E001"],
    }
    assert checks.homes_and_borders() == []


def test_a_refusal_says_its_code_and_its_sentence():
    assert str(Refusal()) == "refused: This is not possible now."
