"""Settings of agents and departments: what admins can do there, what nobody else can."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connections
from django.test.utils import CaptureQueriesContext
from hypothesis import example, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from parley.accounts.models import Login, MailedKey, Session
from parley.accounts.sign_in import actions as sign_in
from parley.channels.email.models import Delivery
from parley.desk import leaving
from parley.desk.team import actions as team
from parley.desk.team import queries
from parley.desk.team.models import Agent, Department, Membership
from parley.desk.tickets.models import Status, Ticket
from parley.kernel import clock
from parley.kernel.actors import SYSTEM
from parley.kernel.cells import account_scope
from parley.kernel.events import StoredEvent
from tests.world import OWNER_EMAIL

AGENTS, DEPARTMENTS = "/agent/settings/agents/", "/agent/settings/departments/"


@pytest.fixture
def admin(world):
    return world.agent("Adam Min", role=Login.Role.ADMIN)


@pytest.fixture
def inside(client, world, admin):
    return world.sign_in(client, admin)


def names_of_events(since):
    return list(StoredEvent.objects.filter(seq__gt=since).order_by("seq").values_list("name", flat=True))


def last_event():
    return StoredEvent.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


def invite(client, **given):
    data = {
        "name": "Nora New",
        "email": "nora@acme.example",
        "role": "agent",
        "departments": ["default"],
    }
    return client.post(AGENTS, data | given)


def queries_of(client, path):
    with CaptureQueriesContext(connections[settings.CELLS[0]]) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def test_settings_begin_with_the_agents(inside):
    response = inside.get("/agent/settings/")
    assert (response.status_code, response["Location"]) == (303, AGENTS)


def test_the_list_says_who_works_where_as_what(inside, world):
    billing = world.department("Billing")
    world.agent("Zoë", billing, email="zoe@acme.example")
    page = inside.get(AGENTS).content.decode()
    row = page[page.index("zoe@acme.example") :]
    assert "Billing" in row and "General" not in row and "Active" in row and ">Agent<" in row
    assert "olga@acme.example" in page and ">Owner<" in page


def test_an_invited_agent_gets_a_mail_with_a_link_and_is_shown_as_invited(inside, world):
    before = last_event()
    response = invite(inside)
    assert (response.status_code, response["Location"]) == (303, AGENTS)
    agent = Agent.objects.select_related("login").get(name="Nora New")
    assert (agent.login.email, agent.login.role, agent.login.state) == (
        "nora@acme.example",
        "agent",
        "invited",
    )
    assert queries.roles_of(agent) == {world.general.pk: "solver"}
    assert names_of_events(before) == ["login.invited", "agent.added", "department.members_changed"]
    world.settle()
    assert [key.purpose for key in MailedKey.objects.filter(login=agent.login)] == ["invitation"]
    assert Delivery.objects.filter(address="nora@acme.example").count() == 1
    page = inside.get(AGENTS).content.decode()
    assert "Invited" in page[page.index("nora@acme.example") :]


def test_an_invitation_names_the_departments_and_general_only_if_it_is_ticked(inside, world):
    billing = world.department("Billing")
    invite(inside, departments=[billing.public_id])
    assert queries.roles_of(Agent.objects.get(name="Nora New")) == {billing.pk: "solver"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"email": OWNER_EMAIL.upper()}, "Somebody with this e-mail address is here already."),
        ({"email": "nora at acme"}, "Enter a valid email address."),
        ({"name": "   "}, "This field is required."),
        ({"role": "owner"}, "Select a valid choice. owner is not one of the available choices."),
    ],
)
def test_a_wrong_invitation_comes_back_as_typed_with_what_is_wrong(inside, given, said):
    before, agents = last_event(), Agent.objects.count()
    typed = {"name": "Nora <New>", "email": "nora@acme.example"} | given
    response = invite(inside, **typed)
    page = response.content.decode()
    assert response.status_code == 422
    assert said in page and 'aria-invalid="true"' in page
    assert f'value="{typed["email"]}"' in page
    assert "Nora &lt;New&gt;" in page or given.get("name")
    assert re.search(r'value="default" checked', page)
    assert (last_event(), Agent.objects.count()) == (before, agents)


def test_another_accounts_department_cannot_be_ticked(inside, world):
    with account_scope(world.intruder.pk):
        theirs = Department.objects.exclude(public_id="default").first().public_id
    assert invite(inside, departments=[theirs]).status_code == 422
    assert not Agent.objects.filter(name="Nora New").exists()


def test_an_agents_page_changes_name_alias_role_and_departments_at_once(inside, world):
    billing = world.department("Billing")
    ada = world.agent("Ada")
    before = last_event()
    data = {"name": "Ada L.", "alias": "Ady", "role": "admin"}
    data |= {"works-default": "none", f"works-{billing.public_id}": "manager"}
    response = inside.post(f"{AGENTS}{ada.public_id}/", data)
    assert (response.status_code, response["Location"]) == (303, f"{AGENTS}{ada.public_id}/")
    ada = queries.agent(ada.public_id)
    assert (ada.name, ada.alias, ada.login.role) == ("Ada L.", "Ady", "admin")
    assert queries.roles_of(ada) == {billing.pk: "manager"}
    assert sorted(names_of_events(before)) == [
        "agent.changed",
        "department.members_changed",
        "department.members_changed",
        "login.role_changed",
    ]


def test_a_changed_role_ends_the_agents_sessions(inside, world):
    ada = world.agent("Ada")
    sign_in.open_session(ada.login, by=SYSTEM)
    inside.post(f"{AGENTS}{ada.public_id}/", {"name": "Ada", "alias": "", "role": "admin"})
    assert not Session.objects.filter(login=ada.login).exists()


def test_saving_an_agent_as_he_is_changes_nothing(inside, world):
    ada = world.agent("Ada")
    before = last_event()
    data = {"name": "Ada", "alias": "", "role": "agent", "works-default": "solver"}
    assert inside.post(f"{AGENTS}{ada.public_id}/", data).status_code == 303
    assert last_event() == before


def test_departments_that_were_not_sent_stay(inside, world):
    ada = world.agent("Ada")
    inside.post(f"{AGENTS}{ada.public_id}/", {"name": "Ada", "alias": "", "role": "agent"})
    assert queries.roles_of(ada) == {world.general.pk: "solver"}


def test_a_nameless_agent_comes_back_with_all_that_was_chosen(inside, world):
    ada = world.agent("Ada")
    data = {"name": "", "alias": "Ady", "role": "admin", "works-default": "reader"}
    response = inside.post(f"{AGENTS}{ada.public_id}/", data)
    page = response.content.decode()
    assert response.status_code == 422
    assert 'value="Ady"' in page
    assert '<option value="admin" selected>' in page and '<option value="reader" selected>' in page
    assert queries.agent(ada.public_id).name == "Ada"


def test_a_role_nobody_has_is_a_bad_request(inside, world):
    ada = world.agent("Ada")
    data = {"name": "Ada", "alias": "", "role": "agent", "works-default": "king"}
    assert inside.post(f"{AGENTS}{ada.public_id}/", data).status_code == 400


def test_an_admin_may_not_touch_the_owner(inside, world):
    path = f"{AGENTS}{world.owner.public_id}/"
    before = last_event()
    page = re.sub(r"(?s)<fieldset[^>]* disabled.*?</fieldset>", "", _main(inside.get(path)))
    assert re.findall(r' name="(\w+)"', page) == ["csrfmiddlewaretoken"]
    assert "deletion" not in page
    assert inside.post(path, {"name": "Nobody", "alias": "", "role": "agent"}).status_code == 409
    assert inside.get(f"{path}deletion/").status_code == 409
    assert inside.post(f"{path}deletion/").status_code == 409
    assert last_event() == before
    assert queries.agent(world.owner.public_id).login.role == "owner"


def _main(response):
    page = response.content.decode()
    return page[page.index("<main") : page.index("</main>")]


def test_the_owner_may_change_himself_but_not_his_role(client, world):
    world.sign_in(client, world.owner)
    path = f"{AGENTS}{world.owner.public_id}/"
    assert client.post(path, {"name": "Olga O.", "alias": "", "role": "agent"}).status_code == 303
    owner = queries.agent(world.owner.public_id)
    assert (owner.name, owner.login.role) == ("Olga O.", "owner")


def test_an_admin_may_demote_and_delete_another_admin_but_not_himself(inside, world, admin):
    other = world.agent("Other", role=Login.Role.ADMIN)
    mine, theirs = f"{AGENTS}{admin.public_id}/", f"{AGENTS}{other.public_id}/"
    assert inside.post(mine, {"name": "Adam", "alias": "", "role": "agent"}).status_code == 303
    assert queries.agent(admin.public_id).login.role == "admin"
    assert inside.get(f"{mine}deletion/").status_code == 409
    assert inside.post(f"{mine}deletion/").status_code == 409
    assert inside.post(theirs, {"name": "Other", "alias": "", "role": "agent"}).status_code == 303
    assert queries.agent(other.public_id).login.role == "agent"
    assert inside.post(f"{theirs}deletion/").status_code == 303


def test_the_page_before_a_deletion_says_in_numbers_what_will_happen(inside, world):
    ada = world.agent("Ada")
    world.ticket(assignee=ada)
    world.ticket(assignee=ada, status=Status.RESOLVED)
    world.ticket(assignee=ada, status=Status.CLOSED)
    sign_in.open_session(ada.login, by=SYSTEM)
    before = last_event()
    page = _main(inside.get(f"{AGENTS}{ada.public_id}/deletion/"))
    assert "2 tickets become nobody’s. 1 of them waits for an answer." in page
    assert "Work in 1 department ends." in page
    assert "1 signed-in browser is signed out." in page
    assert last_event() == before


def test_a_deleted_agents_tickets_are_nobodys_and_he_is_out(inside, world):
    ada = world.agent("Ada")
    waiting, resolved = world.ticket(assignee=ada), world.ticket(assignee=ada, status=Status.RESOLVED)
    closed, bobs = world.ticket(assignee=ada, status=Status.CLOSED), world.ticket(assignee=world.owner)
    secret = sign_in.open_session(ada.login, by=SYSTEM)
    before = last_event()
    response = inside.post(f"{AGENTS}{ada.public_id}/deletion/")
    assert (response.status_code, response["Location"]) == (303, AGENTS)
    assignees = dict(Ticket.objects.values_list("pk", "assignee"))
    assert assignees == {waiting.pk: None, resolved.pk: None, closed.pk: ada.pk, bobs.pk: world.owner.pk}
    assert names_of_events(before) == [
        "ticket.assigned",
        "ticket.assigned",
        "login.closed",
        "login.deleted",
        "agent.deleted",
    ]
    assert not Membership.objects.filter(agent=ada).exists()
    assert ada.login.email not in inside.get(AGENTS).content.decode()
    assert inside.get(f"{AGENTS}{ada.public_id}/").status_code == 404
    client = type(inside)()
    client.cookies["parley_agent"] = secret
    assert client.get("/agent/tickets/").status_code == 302


def test_more_tickets_than_one_batch_are_released(world, monkeypatch):
    monkeypatch.setattr("parley.desk.tickets.actions.RELEASED_AT_ONCE", 2)
    ada = world.agent("Ada")
    for _ in range(5):
        world.ticket(assignee=ada)
    assert leaving.remove_agent(ada, by=SYSTEM) == 5
    assert not Ticket.objects.filter(assignee=ada).exists()


def test_a_deletion_that_is_refused_leaves_the_tickets(world):
    ticket = world.ticket(assignee=world.owner)
    with pytest.raises(sign_in.OneOwner):
        leaving.remove_agent(world.owner, by=SYSTEM)
    assert Ticket.objects.get(pk=ticket.pk).assignee_id == world.owner.pk


def test_an_invitation_can_be_sent_again_five_times_an_hour(inside, world):
    invite(inside)
    world.settle()
    agent = Agent.objects.get(name="Nora New")
    path = f"{AGENTS}{agent.public_id}/invitation/"
    assert [inside.post(path).status_code for _ in range(6)] == [303] * 5 + [429]
    assert int(inside.post(path)["Retry-After"]) > 0
    world.settle()
    assert MailedKey.objects.filter(login=agent.login_id, used_at=None).count() == 1
    clock.move(**{"hours": 2})
    assert inside.post(path).status_code == 303


def test_somebody_who_has_a_password_is_not_invited_again(inside, world):
    before = last_event()
    ada = world.agent("Ada")
    before = last_event()
    assert inside.post(f"{AGENTS}{ada.public_id}/invitation/").status_code == 409
    assert last_event() == before


def test_a_department_without_an_address_gets_one_of_its_name(inside):
    response = inside.post(DEPARTMENTS, {"name": "Rücksendungen & Größen", "mail_name": ""})
    added = Department.objects.get(name="Rücksendungen & Größen")
    assert added.mail_name == "ruecksendungen-groessen"
    assert response["Location"] == f"{DEPARTMENTS}{added.public_id}/"


def test_a_taken_name_gets_a_number_and_a_reserved_one_too(inside):
    for _ in range(3):
        inside.post(DEPARTMENTS, {"name": "Support", "mail_name": ""})
    inside.post(DEPARTMENTS, {"name": "Abuse", "mail_name": ""})
    names = (
        Department.objects.exclude(public_id="default")
        .order_by("id")
        .values_list("mail_name", flat=True)
    )
    assert list(names) == ["support-2", "support-3", "support-4", "abuse-2"]


@given(st.text(max_size=120))
@example("Поддръжка")
@example("…")
@tried(deadline=None, max_examples=60)
def test_what_is_made_of_a_name_is_always_an_address(name):
    made = team.mail_name_from(name)
    assert team.MAIL_NAME.fullmatch(made) and len(made) <= 50


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ("support", 422, "Another department has this address."),
        ("no reply", 422, "The part before the @ has letters"),
        ("postmaster", 422, "The part before the @ has letters"),
        ("Billing@acme.localhost", 303, ""),
    ],
)
def test_an_address_is_checked_where_it_is_typed(inside, typed, status, said):
    response = inside.post(DEPARTMENTS, {"name": "Billing", "mail_name": typed})
    assert response.status_code == status
    assert said in response.content.decode()
    assert Department.objects.filter(mail_name="billing").exists() == (status == 303)


def test_a_department_is_renamed_and_moved_to_another_address(inside, world):
    billing = world.department("Billing", mail_name="billing")
    path = f"{DEPARTMENTS}{billing.public_id}/"
    assert inside.post(path, {"name": "Invoices", "mail_name": "invoices"}).status_code == 303
    billing.refresh_from_db()
    assert (billing.name, billing.mail_name) == ("Invoices", "invoices")
    response = inside.post(path, {"name": "Typed anew", "mail_name": "support"})
    assert response.status_code == 422 and 'value="Typed anew"' in response.content.decode()
    billing.refresh_from_db()
    assert billing.name == "Invoices"


def test_members_are_set_on_the_departments_page(inside, world):
    billing = world.department("Billing")
    ada, bob = world.agent("Ada", billing), world.agent("Bob")
    path = f"{DEPARTMENTS}{billing.public_id}/members/"
    data = {f"works-{ada.public_id}": "none", f"works-{bob.public_id}": "supervisor"}
    assert inside.post(path, data).status_code == 303
    assert queries.roles_in(billing) == {bob.pk: "supervisor"}
    before = last_event()
    inside.post(path, data)
    assert last_event() == before


def test_a_stranger_among_the_members_is_not_found_and_nothing_is_set(inside, world):
    with account_scope(world.intruder.pk):
        stranger = Agent.objects.first().public_id
    ada = world.agent("Ada", world.department("Billing"))
    path = f"{DEPARTMENTS}default/members/"
    data = {f"works-{ada.public_id}": "reader", f"works-{stranger}": "solver"}
    assert inside.post(path, data).status_code == 404
    assert ada.pk not in queries.roles_in(world.general)


def test_the_list_of_departments_counts_members_and_waiting_tickets(inside, world):
    billing = world.department("Billing", mail_name="billing")
    world.agent("Ada", billing)
    world.ticket(department=billing)
    world.ticket(department=billing, status=Status.RESOLVED)
    page = inside.get(DEPARTMENTS).content.decode()
    row = page[page.index("billing@acme.localhost") : page.index("</tbody>")]
    assert re.findall(r">(\d+)<", row) == ["1", "1"]


PAGES = [
    ("GET", "/agent/settings/"),
    ("GET", AGENTS),
    ("POST", AGENTS),
    ("GET", AGENTS + "{agent}/"),
    ("POST", AGENTS + "{agent}/"),
    ("POST", AGENTS + "{agent}/invitation/"),
    ("GET", AGENTS + "{agent}/deletion/"),
    ("POST", AGENTS + "{agent}/deletion/"),
    ("GET", DEPARTMENTS),
    ("POST", DEPARTMENTS),
    ("GET", DEPARTMENTS + "{department}/"),
    ("POST", DEPARTMENTS + "{department}/"),
    ("POST", DEPARTMENTS + "{department}/members/"),
]


@pytest.mark.parametrize(("method", "path"), PAGES)
def test_an_agent_is_refused_and_nothing_changes(client, world, method, path):
    other, mine = world.agent("Bob"), world.agent("Ada")
    world.sign_in(client, mine)
    before = last_event()
    path = path.format(agent=other.public_id, department="default")
    data = {"name": "X", "email": "x@acme.example", "role": "admin", "mail_name": "x", "alias": ""}
    data |= {"works-default": "manager", f"works-{mine.public_id}": "manager"}
    assert client.generic(method, path) and client.post(path, data).status_code == 403
    assert client.get(path).status_code == 403
    assert last_event() == before


@pytest.mark.parametrize(("method", "path"), PAGES)
def test_nobody_signed_in_sees_or_does_anything(client, world, method, path):
    before = last_event()
    response = client.generic(method, path.format(agent=world.owner.public_id, department="default"))
    assert response.status_code == (302 if method == "GET" else 401)
    assert last_event() == before


@pytest.mark.parametrize(("method", "path"), [each for each in PAGES if "{" in each[1]])
def test_ids_of_another_account_and_of_nobody_are_not_found(inside, world, method, path):
    with account_scope(world.intruder.pk):
        agent = Agent.objects.first().public_id
        department = Department.objects.exclude(public_id="default").first().public_id
    for ids in (
        {"agent": agent, "department": department},
        {"agent": "nobody00", "department": "nothing0"},
    ):
        assert inside.generic(method, path.format(**ids)).status_code == 404


def test_a_session_of_this_account_opens_nothing_at_another(inside, world):
    response = inside.get(AGENTS, HTTP_HOST=world.intruder.host)
    assert response.status_code == 302 and response["Location"].startswith("/agent/sign-in/")


def test_a_list_of_thirty_asks_the_database_no_more_than_one_of_three(inside, world):
    department = world.department("Crowd")
    for number in range(2):
        world.agent(f"Few {number}", department)
    paths = (AGENTS, DEPARTMENTS, f"{DEPARTMENTS}default/", f"{AGENTS}{world.owner.public_id}/")
    few = [queries_of(inside, path) for path in paths]
    for number in range(27):
        world.agent(f"Many {number}", world.department(f"Place {number}"), department)
    assert [queries_of(inside, path) for path in paths] == few
    assert max(few) < 20


def test_agents_are_paged_by_key_and_none_is_left_out_or_shown_twice(inside, world):
    for number in range(60):
        world.agent(f"Same {number // 30}")
    first = queries.page_of_agents(size=25)
    second = queries.page_of_agents(after=first.following, size=25)
    third = queries.page_of_agents(after=second.following, size=25)
    rows = [*first.rows, *second.rows, *third.rows]
    assert [each.pk for each in rows] == [each.pk for each in queries.agents()]
    assert third.following == ""
    page = inside.get(AGENTS).content.decode()
    assert page.count('<th scope="row">') == 50
    following = re.search(r"\?after=(\w+)", page)[1]
    assert inside.get(f"{AGENTS}?after={following}").content.decode().count('<th scope="row">') == 12
    assert inside.get(f"{AGENTS}?after=nobody00").status_code == 404


def test_the_list_says_when_somebody_was_last_here(world):
    ada = world.agent("Ada")
    sign_in.open_session(ada.login, by=SYSTEM)
    clock.move(hours=3)
    sign_in.open_session(ada.login, by=SYSTEM)
    seen = {each.pk: each.last_seen_at for each in queries.page_of_agents().rows}
    assert seen == {ada.pk: clock.now(), world.owner.pk: None}
    assert clock.now() - seen[ada.pk] == timedelta(0)
