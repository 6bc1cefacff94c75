"""Signing in and out, forgotten passwords, invitations: what opens the door and what does not."""

import re

import pytest
from django.conf import settings
from django.test import Client

from parley.accounts.models import Login, Session
from parley.accounts.sign_in import actions
from parley.channels.email.models import Delivery, OutgoingMail
from parley.desk.team import actions as team
from parley.kernel import clock
from parley.kernel.actors import SYSTEM
from parley.kernel.cells import account_scope
from parley.kernel.secrets import digest
from tests.world import OWNER_EMAIL, PASSWORD, host_of

SIGN_IN, FORGOTTEN = "/agent/sign-in/", "/agent/password/forgotten/"
NEW = "a new sentence of mine"


def enter(client, email=OWNER_EMAIL, password=PASSWORD, **more):
    host = {"HTTP_HOST": more.pop("host")} if "host" in more else {}
    return client.post(SIGN_IN, {"email": email, "password": password} | more, **host)


def key_of(world, email, purpose):
    return actions.make_key(Login.objects.get(email=email), purpose, by=SYSTEM)


def test_the_right_password_opens_a_session_and_the_workspace(client, world):
    response = enter(client)
    assert (response.status_code, response["Location"]) == (303, "/agent/")
    assert client.get("/agent/profile/").status_code == 200
    session = Session.objects.get()
    assert session.digest == digest(response.cookies["parley_agent"].value)
    assert session.digest != response.cookies["parley_agent"].value


def test_an_address_is_read_without_case_and_blanks(client, world):
    assert enter(client, email=f"  {OWNER_EMAIL.upper()} ").status_code == 303


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_cookies_are_out_of_reach_of_scripts_and_other_sites(client, world, scheme, settings):
    settings.SCHEME = scheme
    cookies = enter(client).cookies
    paths = {"parley_agent": "/agent/", "parley_live": "/live", "parley_files": "/files/"}
    assert {name: cookies[name]["path"] for name in paths} == paths
    for name in paths:
        assert cookies[name]["httponly"] is True
        assert cookies[name]["samesite"] == "Lax"
        assert cookies[name]["domain"] == ""
        assert bool(cookies[name]["secure"]) == (scheme == "https")
        assert cookies[name]["max-age"] == 14 * 24 * 3600


@pytest.mark.parametrize(
    ("email", "password"), [(OWNER_EMAIL, "wrong password"), ("nobody@acme.example", PASSWORD)]
)
def test_wrong_is_said_the_same_way_whether_or_not_there_is_such_a_person(
    client, world, email, password
):
    response = enter(client, email=email, password=password)
    page = response.content.decode()
    assert response.status_code == 422
    assert "This e-mail address and password do not belong together." in page
    assert f'value="{email}"' in page and password not in page
    assert "parley_agent" not in response.cookies and not Session.objects.exists()


def test_nothing_typed_is_not_a_try(client, world):
    assert [enter(client, password="").status_code for _ in range(12)] == [422] * 12
    assert enter(client).status_code == 303


def test_ten_wrong_tries_close_the_door_also_to_the_right_password(client, world, intruder):
    assert [enter(client, password=f"wrong {n}").status_code for n in range(10)] == [422] * 10
    for _ in range(3):
        response = enter(client)
        assert response.status_code == 429
        assert 0 < int(response["Retry-After"]) <= 15 * 60
        assert "Too many tries." in response.content.decode()
    assert not Session.objects.exists()
    other = world.agent("Ada")
    assert enter(client, email=other.login.email).status_code == 303
    clock.move(minutes=16)
    assert enter(client).status_code == 303


def test_another_account_is_not_throttled_with_this_one(client, world):
    for n in range(11):
        enter(client, password=f"wrong {n}")
    assert enter(client).status_code == 429
    response = enter(Client(), password="wrong", host=world.intruder.host)
    assert response.status_code == 422


def test_the_same_password_does_not_open_another_account(world):
    with account_scope(world.intruder.pk):
        before = Session.objects.count()
    assert enter(Client(), host=world.intruder.host).status_code == 422
    with account_scope(world.intruder.pk):
        assert Session.objects.count() == before


def test_somebody_invited_or_deleted_does_not_get_in(client, world):
    team.add_agent("Nora", email="nora@acme.example", by=SYSTEM)
    gone = world.agent("Gone")
    team.delete_agent(gone, by=SYSTEM)
    assert enter(client, email="nora@acme.example", password="").status_code == 422
    assert enter(client, email="nora@acme.example").status_code == 422
    assert enter(client, email=gone.login.email).status_code == 422


@pytest.mark.parametrize("onward", ["/agent/profile/", "/agent/tickets/?view=mine"])
def test_one_arrives_where_one_wanted_to_go(client, world, onward):
    response = client.get(onward)
    assert response.status_code == 302
    page = client.get(response["Location"]).content.decode()
    assert f'name="next" value="{onward.replace("&", "&amp;")}"' in page
    assert enter(client, next=onward)["Location"] == onward


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.example/agent/",
        "//evil.example/agent/",
        "/\\evil.example/agent/",
        "javascript:alert(1)//agent/",
        "/",
        "https:/agent/",
    ],
)
def test_nobody_is_sent_elsewhere(client, world, onward):
    response = enter(client, next=onward)
    assert (response.status_code, response["Location"]) == (303, "/agent/")


def test_an_address_to_go_to_cannot_add_a_header(client, world):
    response = enter(client, next="/agent/\r\nSet-Cookie: x=y")
    assert response["Location"] == "/agent/%0D%0ASet-Cookie:%20x=y"
    assert "x" not in response.cookies


def test_who_is_in_already_goes_on(client, world):
    world.sign_in(client, world.owner)
    assert client.get(f"{SIGN_IN}?next=/agent/profile/")["Location"] == "/agent/profile/"


def test_signing_out_ends_the_session_itself_not_only_the_cookie(client, world):
    enter(client)
    stolen = client.cookies["parley_agent"].value
    response = client.post("/agent/sign-out/")
    assert response["Location"] == SIGN_IN
    assert {
        response.cookies[name].value for name in ("parley_agent", "parley_live", "parley_files")
    } == {""}
    assert not Session.objects.exists()
    client.cookies["parley_agent"] = stolen
    assert client.get("/agent/profile/").status_code == 302


def test_a_link_does_not_sign_out(client, world):
    enter(client)
    assert client.get("/agent/sign-out/").status_code == 405
    assert client.get("/agent/profile/").status_code == 200


def test_a_session_ends_after_two_weeks_unless_it_is_used(client, world):
    enter(client)
    clock.move(days=10)
    assert client.get("/agent/profile/").status_code == 200
    clock.move(days=10)
    assert client.get("/agent/profile/").status_code == 200
    clock.move(days=15)
    assert client.get("/agent/profile/").status_code == 302


def test_a_forged_cookie_opens_nothing(client, world):
    enter(client)
    for forged in ("", "x", Session.objects.get().digest):
        client.cookies["parley_agent"] = forged
        assert client.get("/agent/profile/").status_code == 302


@pytest.mark.parametrize(
    "path", [SIGN_IN, FORGOTTEN, "/agent/sign-out/", "/agent/profile/", "/agent/settings/agents/"]
)
def test_posts_from_other_sites_are_refused(world, path):
    strict = Client(enforce_csrf_checks=True, HTTP_HOST=world.host)
    world.sign_in(strict, world.owner)
    response = strict.post(path, {"email": OWNER_EMAIL, "password": PASSWORD, "name": "X"})
    assert response.status_code == 403
    assert strict.get("/agent/profile/").status_code == 200


def test_a_post_with_its_pages_token_is_taken(world):
    strict = Client(enforce_csrf_checks=True, HTTP_HOST=world.host)
    page = strict.get(SIGN_IN).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    data = {"email": OWNER_EMAIL, "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert strict.post(SIGN_IN, data).status_code == 303


def test_a_forgotten_password_is_answered_alike_for_everybody_and_mailed_to_some(client, world):
    pages = []
    for email in (OWNER_EMAIL, "stranger@acme.example"):
        response = client.post(FORGOTTEN, {"email": email})
        assert response.status_code == 200
        page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", response.content.decode())
        pages.append(page.replace(email, "…"))
    assert pages[0] == pages[1]
    world.settle()
    assert list(Delivery.objects.values_list("address", flat=True)) == [OWNER_EMAIL]


def test_a_forgotten_password_is_asked_for_five_times_an_hour(client, world):
    asked = [client.post(FORGOTTEN, {"email": OWNER_EMAIL}).status_code for _ in range(6)]
    assert asked == [200] * 5 + [429]


def test_a_mailed_key_chooses_a_password_once_and_signs_in(client, world):
    other = actions.open_session(world.owner.login, by=SYSTEM)
    path = f"/agent/password/reset/{key_of(world, OWNER_EMAIL, 'reset')}/"
    assert client.get(path).status_code == 200
    assert client.post(path, {"password": "short"}).status_code == 422
    response = client.post(path, {"password": NEW})
    assert (response.status_code, response["Location"]) == (303, "/agent/")
    assert client.get("/agent/profile/").status_code == 200
    assert not Session.objects.filter(digest=digest(other)).exists()
    for again in (client.get(path), client.post(path, {"password": "yet another one"})):
        assert again.status_code == 410 and "This link has ended" in again.content.decode()
    assert enter(Client(), password=PASSWORD, host=world.host).status_code == 422
    assert enter(Client(), password=NEW, host=world.host).status_code == 303


def test_a_key_that_is_old_newer_forged_or_anothers_has_ended(client, world):
    old = key_of(world, OWNER_EMAIL, "reset")
    newer = key_of(world, OWNER_EMAIL, "reset")
    with account_scope(world.intruder.pk):
        theirs = actions.make_key(Login.objects.get(role="owner"), "reset", by=SYSTEM)
    clock.move(minutes=119)
    assert client.get(f"/agent/password/reset/{newer}/").status_code == 200
    assert client.get(f"/agent/invitation/{newer}/").status_code == 410
    clock.move(minutes=2)
    for secret in (old, newer, theirs, "x", "ü" * 300):
        path = f"/agent/password/reset/{secret}/"
        for response in (client.get(path), client.post(path, {"password": NEW})):
            assert response.status_code == 410
            assert "Nothing was changed." in response.content.decode()
    assert enter(client).status_code == 303


def test_a_reset_opens_a_door_closed_by_wrong_tries(client, world):
    for n in range(11):
        enter(client, password=f"wrong {n}")
    client.post(f"/agent/password/reset/{key_of(world, OWNER_EMAIL, 'reset')}/", {"password": NEW})
    assert enter(Client(), password=NEW, host=world.host).status_code == 303


def test_an_invitation_that_came_by_mail_is_accepted_and_one_is_in(client, world):
    team.add_agent("Nora", email="nora@acme.example", by=SYSTEM)
    world.settle()
    mail = OutgoingMail.objects.get(deliveries__address="nora@acme.example")
    path = re.search(r"http://acme\.localhost(?::\d+)?(/agent/invitation/\S+/)", mail.text)[1]
    page = client.get(path).content.decode()
    assert "Acme Lamps invited you." in page and 'value="nora@acme.example"' in page
    response = client.post(path, {"password": NEW})
    assert (response.status_code, response["Location"]) == (303, "/agent/")
    assert Login.objects.get(email="nora@acme.example").state == "active"
    assert "nora@acme.example" in client.get("/agent/profile/").content.decode()


def test_an_invitation_lasts_a_week_and_dies_with_its_login(client, world):
    agent = team.add_agent("Nora", email="nora@acme.example", by=SYSTEM)
    secret = key_of(world, "nora@acme.example", "invitation")
    clock.move(days=6, hours=23)
    assert client.get(f"/agent/invitation/{secret}/").status_code == 200
    team.delete_agent(agent, by=SYSTEM)
    assert client.get(f"/agent/invitation/{secret}/").status_code == 410


def test_pages_of_the_door_are_not_kept_by_caches(client, world):
    for path in (SIGN_IN, FORGOTTEN, "/agent/password/reset/x/"):
        assert client.get(path)["Cache-Control"] == "private, no-store"


def test_the_base_domain_has_no_door(client, accounts):
    assert client.get(SIGN_IN, HTTP_HOST=settings.BASE_DOMAIN).status_code == 404
    assert host_of("acme") == "acme.localhost"
