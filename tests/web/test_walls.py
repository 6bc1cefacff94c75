"""Fence 7: every address of an account, asked with the ids of another, by everybody, in every way.

The client itself fails on any answer that holds a word of the intruder (tests/clients.py).
"""

import itertools

import pytest
from django.apps import apps
from django.urls import URLPattern, get_resolver

from parley.accounts.models import Login
from parley.accounts.sign_in import actions as sign_in
from parley.desk.team.models import Agent, Department
from parley.desk.tickets.models import Message, MessageGroup, Ticket
from parley.kernel.actors import SYSTEM
from parley.kernel.cells import account_scope
from parley.kernel.stored_files import StoredFile
from parley.kernel.tenancy import Scoped
from parley.web.shell.doors import door_of
from tests.world import CANARY, INTRUDER, host_of

ACCOUNT = "parley.config.urls.account"
PATTERNS = list(get_resolver(ACCOUNT).url_patterns)
#: Everything that answers the same to everybody, whatever the id.
OPEN = {"asset", "portal", "sign-in", "password-forgotten"}
DENIED = {302, 303, 401, 403, 404, 405, 409, 410, 422}


def test_every_view_says_who_may_open_it():
    for urls in (ACCOUNT, "parley.config.urls.public"):
        for pattern in get_resolver(urls).url_patterns:
            assert isinstance(pattern, URLPattern)
            assert door_of(pattern.callback) in ("everyone", "agents", "admins"), pattern


@pytest.fixture
def theirs(world):
    """Every name that anything of the intruder's goes by."""
    with account_scope(world.intruder.pk):
        login = Login.objects.get(role="owner")
        return {
            "code": [Ticket.objects.first().code],
            "secret": [
                sign_in.make_key(login, purpose, by=SYSTEM) for purpose in ("reset", "invitation")
            ],
            "public_id": [
                model.objects.exclude(public_id="default").first().public_id
                for model in (Agent, Department, Message, StoredFile, Ticket, MessageGroup)
            ],
            "name": [f"{CANARY}.txt"],
        }


def addresses(theirs):
    for pattern in PATTERNS:
        names = list(pattern.pattern.converters)
        if pattern.name in OPEN or not names:
            continue
        for values in itertools.product(*(theirs[name] for name in names)):
            route = str(pattern.pattern)
            for name, value in zip(names, values, strict=True):
                route = route.replace(f"<str:{name}>", value)
            yield f"/{route}"


def snapshot(account):
    with account_scope(account):
        return {
            model: sorted(map(str, model.objects.values_list()))
            for model in apps.get_models()
            if issubclass(model, Scoped)
        }


@pytest.mark.parametrize("who", ["owner", "agent", "nobody"])
def test_no_address_shows_or_changes_anything_of_another_account(world, client, theirs, who):
    if who != "nobody":
        world.sign_in(client, world.owner if who == "owner" else world.agent("Bob"))
    before = snapshot(world.intruder.pk)
    asked = 0
    for address in addresses(theirs):
        form = {
            "text": "x",
            "version": 0,
            "client_id": "c",
            "password": "a new long password",
            "name": "x",
        }
        for ask in (client.get, client.delete, lambda url: client.post(url, form)):  # noqa: B023
            response = ask(address)
            assert response.status_code in DENIED, f"{response.status_code} at {address}"
            if response.status_code in (302, 303) and who != "nobody":
                raise AssertionError(f"{address} leads somewhere: {response.url}")
            asked += 1
    assert asked > 100
    assert snapshot(world.intruder.pk) == before


def test_pages_with_no_ids_show_nothing_of_another_account(world, client):
    world.sign_in(client, world.owner)
    for pattern in PATTERNS:
        if not pattern.pattern.converters:
            assert client.get(f"/{pattern.pattern}").status_code in (200, 302, 303, 405)
    assert b'<li id="row-' not in client.get(f"/agent/tickets/?view=all&q={CANARY[:6]}").content


def test_a_session_of_one_account_opens_nothing_at_anothers_host(world, client):
    world.sign_in(client, world.owner)
    there = client.get("/agent/tickets/", headers={"host": host_of(INTRUDER)})
    assert there.status_code == 302 and there.url.startswith("/agent/sign-in/")
    nowhere = client.get("/agent/tickets/", headers={"host": "nobody.localhost"})
    assert nowhere.status_code == 404 and b"nobody.localhost" in nowhere.content
    assert client.get("/", headers={"host": "evil.example"}).status_code == 404
    assert client.get("/", headers={"host": "acme.localhost.evil.example"}).status_code == 404
    assert client.get("/", headers={"host": "a b"}).status_code == 400
