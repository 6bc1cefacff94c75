"""What is seen without signing in: an account's front page, the base domain, and hosts where nothing is."""

import pytest
from django.test import override_settings

from parley.accounts.actions import Opening
from parley.desk.openings import Owner, open_desk
from parley.kernel.actors import SYSTEM

BASE = "localhost:8170"


def page_of(response):
    return response.content.decode()


def test_an_account_shows_its_name_and_how_to_write_to_it(client, world):
    response = client.get("/")
    page = page_of(response)
    assert response.status_code == 200
    assert "Acme Lamps" in page
    assert 'href="mailto:support@acme.localhost"' in page and ">support@acme.localhost<" in page
    assert 'href="/agent/sign-in/"' in page
    assert "<script" not in page


def test_the_address_is_the_default_departments_as_it_is_now(client, world):
    world.general.mail_name = "hello"
    world.general.save()
    assert "mailto:hello@acme.localhost" in page_of(client.get("/"))


def test_a_customer_reads_the_language_his_browser_asks_for_not_the_accounts(client, world):
    assert '<html lang="sl"' in page_of(client.get("/", HTTP_ACCEPT_LANGUAGE="sl,de;q=0.5"))
    assert '<html lang="en"' in page_of(client.get("/", HTTP_ACCEPT_LANGUAGE="xx"))


def test_an_agents_cookie_never_comes_to_the_customers_page(client, world):
    world.sign_in(client, world.owner)
    cookies = client.post("/agent/sign-out/").cookies
    assert cookies["parley_agent"]["path"] == "/agent/"


@pytest.mark.parametrize("host", ["nothing.localhost", "a.b.localhost", "shop.example"])
def test_a_host_without_account_says_so_and_what_to_do(client, host):
    response = client.get("/agent/", HTTP_HOST=f"{host}:8170")
    assert response.status_code == 404
    assert f"There is no account at {host}" in page_of(response)


def test_a_hostile_host_is_only_text(client):
    assert client.get("/", HTTP_HOST="<b>x").status_code == 400


def test_the_base_domain_says_what_this_is_and_what_runs_here(client):
    page = page_of(client.get("/", HTTP_HOST=BASE))
    assert "Nothing your customers write gets lost." in page
    assert "You are running it" in page and 'href="/outbox"' in page
    assert "http://localhost:8170/outbox" in page and "http://NAME.localhost:8170/" in page
    assert "parley demo" in page and "demo.localhost" not in page


def test_a_demo_account_is_linked_at_the_port_one_came_by(client, accounts):
    owner = Owner("ada@demo.example", password="correct horse battery")
    open_desk(Opening("demo"), owner=owner, by=SYSTEM)
    page = page_of(client.get("/", HTTP_HOST=BASE))
    assert 'href="http://demo.localhost:8170/agent/"' in page
    assert "--mail-rcpt support@demo.localhost" in page
    assert 'href="http://demo.localhost/agent/"' in page_of(client.get("/", HTTP_HOST="localhost"))


@pytest.mark.parametrize(
    "production", [{"SMTP_RELAY": "smtp://relay.example"}, {"BASE_DOMAIN": "parley.example"}]
)
def test_in_production_nothing_of_the_machine_is_shown(client, production):
    with override_settings(**production):
        host = production.get("BASE_DOMAIN", "localhost")
        page = page_of(client.get("/", HTTP_HOST=host))
    assert "Nothing your customers write gets lost." in page
    assert "running" not in page and "outbox" not in page.lower() and "NAME." not in page


@pytest.mark.parametrize("host", [BASE, "acme.localhost"])
def test_front_pages_are_only_read(client, accounts, host):
    assert client.head("/", HTTP_HOST=host).status_code == 200
    assert client.post("/", HTTP_HOST=host).status_code == 405
