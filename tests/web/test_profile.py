"""An agent's own page: his names, his language and clock, his password and his sessions."""

import re

import pytest

from parley.accounts.models import MailedKey, Session
from parley.accounts.sign_in import actions as sign_in
from parley.desk.team import queries
from parley.kernel import clock
from parley.kernel.actors import SYSTEM
from parley.kernel.cells import account_scope
from parley.kernel.events import StoredEvent
from parley.web.agent.profile.devices import device
from parley.web.agent.profile.forms import ProfileForm, time_zones
from tests.world import PASSWORD

PROFILE, PASSWORDS, SESSIONS = "/agent/profile/", "/agent/profile/password/", "/agent/profile/sessions/"
NEW = "a new sentence of mine"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def ada(world):
    return world.agent("Ada")


@pytest.fixture
def inside(client, world, ada):
    return world.sign_in(client, ada)


def last_event():
    return StoredEvent.objects.order_by("-seq").first()


def save(client, **given):
    return client.post(PROFILE, {"name": "Ada", "alias": "", "language": "", "time_zone": ""} | given)


def change(client, old=PASSWORD, new=NEW):
    return client.post(PASSWORDS, {"old": old, "new": new})


def handles(client):
    return re.findall(r'name="session" value="([^"]+)"', client.get(PROFILE).content.decode())


def test_a_profile_is_saved_and_read_in_the_new_language_at_once(inside, ada):
    response = save(inside, name="Ada L.", alias="Ady", language="de", time_zone="Europe/Ljubljana")
    assert (response.status_code, response["Location"]) == (303, PROFILE)
    agent = queries.agent(ada.public_id)
    assert (agent.name, agent.alias) == ("Ada L.", "Ady")
    assert (agent.login.language, agent.login.time_zone) == ("de", "Europe/Ljubljana")
    page = inside.get(PROFILE).content.decode()
    assert '<html lang="de" dir="ltr" data-timezone="Europe/Ljubljana"' in page


def test_saving_the_same_changes_nothing(inside):
    before = last_event().seq
    assert save(inside).status_code == 303
    assert last_event().seq == before


def test_what_changed_is_told_once_for_each_subject(inside, ada):
    before = last_event().seq
    save(inside, name="Ada L.", language="da")
    told = StoredEvent.objects.filter(seq__gt=before).order_by("seq").values_list("name", "actor")
    assert list(told) == [("agent.changed", str(ada.actor)), ("login.changed", str(ada.actor))]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "This field is required."),
        ({"time_zone": "Mars/Olympus"}, "There is no such time zone. Choose one of the list."),
        ({"language": "tlh"}, "Select a valid choice. tlh is not one of the available choices."),
    ],
)
def test_a_wrong_profile_comes_back_as_typed(inside, ada, given, said):
    response = save(inside, **({"alias": "Kept"} | given))
    page = response.content.decode()
    assert response.status_code == 422 and said in page and 'value="Kept"' in page
    assert queries.agent(ada.public_id).alias == ""


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("utc", "UTC"),
        ("", ""),
    ],
)
def test_a_time_zone_may_be_typed_as_people_type(typed, zone):
    form = ProfileForm({"name": "Ada", "time_zone": typed})
    assert form.is_valid() and form.cleaned_data["time_zone"] == zone


def test_the_list_of_time_zones_has_places_and_utc():
    zones = time_zones()
    assert zones[0] == "UTC" and "Europe/Bratislava" in zones and "Asia/Kolkata" in zones
    assert not any(each.startswith("Etc/") for each in zones)


def test_a_changed_password_keeps_this_session_and_ends_all_others(inside, world, ada):
    other = sign_in.open_session(ada.login, by=SYSTEM)
    sign_in.make_key(ada.login, "reset", by=SYSTEM)
    assert change(inside).status_code == 303
    assert inside.get(PROFILE).status_code == 200
    assert Session.objects.filter(login=ada.login).count() == 1
    assert not MailedKey.objects.filter(login=ada.login, used_at=None).exists()
    elsewhere = type(inside)()
    elsewhere.cookies["parley_agent"] = other
    assert elsewhere.get(PROFILE).status_code == 302
    assert sign_in.sign_in(ada.login.email, NEW, browser=sign_in.Browser())
    with pytest.raises(sign_in.WrongPassword):
        sign_in.sign_in(ada.login.email, PASSWORD, browser=sign_in.Browser())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("not mine at all", NEW, "This is not your present password."),
        (PASSWORD, "short", "A password has 10 to 200 characters"),
        (PASSWORD, "password1234", "A password has 10 to 200 characters"),
        (PASSWORD, "", "This field is required."),
    ],
)
def test_a_password_that_cannot_be_changed_is_said_at_its_field(inside, ada, old, new, said):
    other = sign_in.open_session(ada.login, by=SYSTEM)
    response = change(inside, old, new)
    assert response.status_code == 422 and said in response.content.decode()
    assert old not in response.content.decode()
    assert Session.objects.filter(login=ada.login).count() == 2 and other
    assert sign_in.sign_in(ada.login.email, PASSWORD, browser=sign_in.Browser())


def test_a_present_password_cannot_be_guessed_for_long(inside):
    assert [change(inside, f"guess {n}").status_code for n in range(11)] == [422] * 10 + [429]
    response = change(inside)
    assert response.status_code == 429 and int(response["Retry-After"]) > 0
    clock.move(minutes=20)
    assert change(inside).status_code == 303


def test_sessions_are_listed_with_this_one_marked_first(inside, ada):
    clock.move(hours=1)
    sign_in.open_session(ada.login, browser=sign_in.Browser("192.0.2.7", FIREFOX), by=SYSTEM)
    page = inside.get(PROFILE).content.decode()
    assert page.index("This browser") < page.index("Firefox on Linux")
    assert page.count("This browser") == 1 and "192.0.2.7" in page


def test_one_session_is_ended_by_its_handle(inside, ada):
    sign_in.open_session(ada.login, by=SYSTEM)
    other = handles(inside)[1]
    assert inside.post(SESSIONS, {"session": other}).status_code == 303
    assert handles(inside) != [] and len(handles(inside)) == 1
    assert inside.post(SESSIONS, {"session": other}).status_code == 404


def test_ending_this_session_signs_out(inside, ada):
    response = inside.post(SESSIONS, {"session": handles(inside)[0]})
    assert response["Location"] == "/agent/sign-in/"
    assert {
        response.cookies[name].value for name in ("parley_agent", "parley_live", "parley_files")
    } == {""}
    assert not Session.objects.filter(login=ada.login).exists()


def test_everywhere_else_is_everywhere_but_here(inside, ada):
    for _ in range(3):
        sign_in.open_session(ada.login, by=SYSTEM)
    assert inside.post(SESSIONS, {"others": "1"}).status_code == 303
    assert len(handles(inside)) == 1


def test_a_handle_of_somebody_else_or_of_nobody_ends_nothing(client, world, inside, ada):
    owners = type(client)()
    world.sign_in(owners, world.owner)
    theirs = handles(owners)[0]
    for forged in (theirs, "", "1", str(Session.objects.first().pk), theirs + "x"):
        assert inside.post(SESSIONS, {"session": forged}).status_code == 404
    assert owners.get(PROFILE).status_code == 200
    with account_scope(world.intruder.pk):
        assert Session.objects.exists()


@pytest.mark.parametrize("path", [PASSWORDS, SESSIONS])
def test_what_only_changes_is_not_looked_at(inside, path):
    assert inside.get(path).status_code == 405


@pytest.mark.parametrize("path", [PROFILE, PASSWORDS, SESSIONS])
def test_nobody_else_may(client, world, path):
    assert client.post(path).status_code == 401


@pytest.mark.parametrize(
    ("header", "name", "icon"),
    [
        (FIREFOX, "Firefox on Linux", "laptop"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 "
            "Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
            "smartphone",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 "
            "Edg/140.0",
            "Edge on Windows",
            "laptop",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
            "Chrome on Android",
            "smartphone",
        ),
        ("curl/8.5.0", "curl", "laptop"),
        ("", "A browser we do not know", "laptop"),
    ],
)
def test_a_device_is_called_as_its_owner_knows_it(header, name, icon):
    assert (device(header).name, device(header).icon) == (name, icon)
