"""A new account: which names, what it begins with, and crashes in the middle."""

import pytest
from django.conf import settings

from parley.accounts.actions import RESERVED, BadName, Opening, open_account
from parley.accounts.models import Account, Login
from parley.accounts.sign_in import queries as sign_in
from parley.accounts.sign_in.actions import WeakPassword
from parley.desk.openings import Owner, open_desk
from parley.desk.team.models import Agent, Department, Membership
from parley.kernel.actors import SYSTEM
from parley.kernel.cells import AccountAddress, NotServed, account_scope, address_of
from parley.kernel.events import StoredEvent
from parley.kernel.operators import OperatorEvent

OWNER = Owner("Ida@New.example", "Ida", "long enough")


def happened():
    return list(StoredEvent.objects.order_by("seq").values_list("seq", "name"))


def test_an_account_begins_with_general_and_its_owner(world):
    opening = Opening("New", title="New GmbH", language="de", time_zone="Europe/Berlin")
    address = open_desk(opening, owner=OWNER, by=SYSTEM)
    assert (address.name, address.host, address.cell) == ("new", "new.localhost", settings.CELLS[0])
    assert address.state == AccountAddress.State.OPEN
    assert address_of("new.localhost") == address
    with account_scope(address.pk):
        account = Account.objects.get()
        assert (account.pk, account.name, account.address) == (address.pk, "New GmbH", "new")
        assert (account.language, account.time_zone) == ("de", "Europe/Berlin")
        general = Department.objects.get()
        assert (general.public_id, general.mail_name, general.position) == ("default", "support", 0)
        owner = Agent.objects.select_related("login").get()
        assert (owner.name, owner.login.email) == ("Ida", "ida@new.example")
        assert (owner.login.role, owner.login.state) == (Login.Role.OWNER, Login.State.ACTIVE)
        member = Membership.objects.get()
        assert (member.department, member.agent, member.role) == (general, owner, "solver")
        assert happened() == [
            (1, "account.opened"),
            (2, "department.added"),
            (3, "agent.added"),
            (4, "department.members_changed"),
        ]


def test_an_owner_without_password_is_invited(world):
    address = open_desk(Opening("new"), owner=Owner("ida@new.example"), by=SYSTEM)
    with account_scope(address.pk):
        assert sign_in.login_by_email("ida@new.example").state == Login.State.INVITED
        assert Agent.objects.get().name == "ida"
        assert (3, "login.invited") in happened()


def test_opening_an_account_survives_a_crash_between_the_two_databases(world):
    half = AccountAddress.objects.create(name="half", cell=settings.CELLS[-1])
    with pytest.raises(NotServed):
        address_of("half.localhost")
    again = open_desk(Opening("Half"), owner=OWNER, by=SYSTEM)
    assert (again.pk, again.state, again.cell) == (half.pk, "open", settings.CELLS[-1])
    open_desk(Opening("half"), owner=Owner("another@new.example"), by=SYSTEM)
    with account_scope(half.pk):
        assert StoredEvent.objects.filter(name="account.opened").count() == 1
        assert [a.name for a in Agent.objects.all()] == ["Ida"]


def test_what_fails_in_the_cell_leaves_an_address_that_is_not_served_and_can_be_finished(world):
    with pytest.raises(WeakPassword):
        open_desk(Opening("new"), owner=Owner("ida@new.example", "Ida", "short"), by=SYSTEM)
    address = AccountAddress.objects.get(name="new")
    assert address.state == AccountAddress.State.OPENING
    with pytest.raises(NotServed):
        address_of("new.localhost")
    with account_scope(address.pk):
        assert not Account.objects.exists() and not StoredEvent.objects.exists()
    assert open_desk(Opening("new"), owner=OWNER, by=SYSTEM).pk == address.pk
    with account_scope(address.pk):
        assert Agent.objects.get().name == "Ida"


def test_the_directorys_log_knows_each_opening_once(world):
    before = OperatorEvent.objects.count()
    address = open_account(Opening("new"), by=SYSTEM)
    open_account(Opening("new"), by=SYSTEM)
    [event] = OperatorEvent.objects.order_by("seq")[before:]
    assert (event.name, event.data) == ("account.opened", {"account": address.pk})
    assert (event.actor, event.reason) == ("system", "an account is opened")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-a",
        "a-",
        "a b",
        "a.b",
        "ä",
        "a_b",
        "x" * 64,
        "www",
        "Console",
        "a/b",
        "a\n",
        *sorted(RESERVED)[:5],
    ],
)
def test_names_that_cannot_be_hosts_or_are_ours_are_refused(world, name):
    with pytest.raises(BadName):
        open_desk(Opening(name), owner=OWNER, by=SYSTEM)
    assert not AccountAddress.objects.filter(name=name.lower()).exists()


@pytest.mark.parametrize("name", ["a", "0", "x" * 63, "a-b", "a--b", "3com"])
def test_names_that_can_be_hosts_are_taken(world, name):
    assert open_account(Opening(name), by=SYSTEM).name == name
