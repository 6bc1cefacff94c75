"""Signing in and out: right, wrong and unknown, too often, and what ends a session."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connections
from django.test.utils import CaptureQueriesContext

from parley.accounts.models import Login, Session
from parley.accounts.sign_in import actions, queries
from parley.accounts.sign_in.actions import Browser, WrongPassword, sign_in
from parley.kernel import clock, secrets
from parley.kernel.actors import SYSTEM
from parley.kernel.cells import account_scope
from parley.kernel.events import StoredEvent
from parley.kernel.throttle import TooMany
from tests.hashers import QuickArgon2
from tests.world import OWNER_EMAIL, PASSWORD

CELL = settings.CELLS[0]
HERE = Browser(ip="192.0.2.7", user_agent="Browser/1")


def last_event():
    return StoredEvent.objects.order_by("-seq").first()


def refused(email, password="wrong password", browser=HERE):
    with pytest.raises(WrongPassword) as error:
        sign_in(email, password, browser=browser)
    return error.value


def test_the_right_password_opens_a_session(world):
    secret = sign_in(f"  {OWNER_EMAIL.upper()} ", PASSWORD, browser=HERE)
    session = queries.session(secret)
    assert session.login == world.owner.login
    assert (session.ip, session.user_agent) == ("192.0.2.7", "Browser/1")
    assert session.expires_at == clock.now() + timedelta(days=14)
    assert len(secret) == 43 and session.digest == secrets.digest(secret) != secret
    assert last_event().load().session == session.pk
    assert last_event().name == "login.opened"


def test_wrong_unknown_invited_and_deleted_are_refused_alike(world):
    actions.add_login("invited@acme.example", by=SYSTEM)
    gone = world.agent("Gone", email="gone@acme.example")
    actions.delete_login(gone.login, by=SYSTEM)
    said, statements = set(), set()
    for email in (OWNER_EMAIL, "nobody@acme.example", "invited@acme.example", "gone@acme.example"):
        QuickArgon2.done.clear()
        with CaptureQueriesContext(connections[CELL]) as asked:
            said.add(str(refused(email)))
        statements.add(len(asked))
        assert len(QuickArgon2.done) == 1, f"{email}: the time would tell"
    assert len(said) == 1 and len(statements) == 1
    assert not Session.objects.filter(ip="192.0.2.7").exists()


def test_an_account_does_not_know_its_neighbours_people(world, intruder):
    with account_scope(intruder.pk):
        refused(OWNER_EMAIL, PASSWORD)


@pytest.mark.parametrize("email", [OWNER_EMAIL, "nobody@acme.example"])
def test_after_ten_tries_of_one_address_a_person_waits_whether_or_not_there_is_one(world, email):
    for n in range(10):
        refused(email, browser=Browser(ip=f"192.0.2.{n}"))
    with pytest.raises(TooMany) as wait:
        sign_in(email, PASSWORD, browser=HERE)
    assert wait.value.retry_after == 90
    clock.move(seconds=90)
    refused(email)


def test_after_fifty_tries_from_one_place_everybody_there_waits(world):
    for n in range(50):
        refused(f"someone{n}@acme.example")
    with pytest.raises(TooMany):
        sign_in(OWNER_EMAIL, PASSWORD, browser=HERE)
    assert sign_in(OWNER_EMAIL, PASSWORD, browser=Browser(ip="192.0.2.8"))


def test_the_right_password_forgives_the_earlier_tries(world):
    for _ in range(9):
        refused(OWNER_EMAIL)
    sign_in(OWNER_EMAIL, PASSWORD, browser=HERE)
    for _ in range(10):
        refused(OWNER_EMAIL)


def test_a_session_ends_by_itself_unless_it_is_used(world):
    secret = sign_in(OWNER_EMAIL, PASSWORD, browser=HERE)
    clock.move(days=13)
    actions.seen(queries.session(secret), by=SYSTEM)
    clock.move(days=13)
    assert queries.session(secret).last_seen_at == clock.now() - timedelta(days=13)
    clock.move(days=1)
    assert queries.session(secret) is None


@pytest.mark.parametrize("secret", ["", "x", "ä", "' OR 1=1", "x" * 9999])
def test_a_made_up_secret_opens_nothing(world, secret):
    assert queries.session(secret) is None


def test_signing_out_ends_this_session_and_no_other(world):
    one, other = (sign_in(OWNER_EMAIL, PASSWORD, browser=HERE) for _ in range(2))
    session = queries.session(one)
    actions.close_session(session, by=SYSTEM)
    assert queries.session(one) is None and queries.session(other)
    assert (last_event().name, last_event().load().session) == ("login.closed", session.pk)
    before = last_event().seq
    actions.close_session(session, by=SYSTEM)
    assert last_event().seq == before


def test_all_other_sessions_can_be_ended(world):
    one, *others = (sign_in(OWNER_EMAIL, PASSWORD, browser=HERE) for _ in range(3))
    actions.close_other_sessions(world.owner.login, but=queries.session(one), by=SYSTEM)
    assert queries.session(one) and not any(queries.session(each) for each in others)
    assert [s.digest for s in queries.sessions_of(world.owner.login)] == [secrets.digest(one)]


ENDS = {
    "password": lambda a: actions.choose_password(
        actions.make_key(a.login, "reset", by=SYSTEM), "reset", "another password", by=SYSTEM
    ),
    "role": lambda a: actions.change_role(a.login, role="admin", by=SYSTEM),
    "deletion": lambda a: actions.delete_login(a.login, by=SYSTEM),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_sessions_end_with_the_password_the_role_and_the_login(world, end):
    ada, bob = world.agent("Ada"), world.agent("Bob")
    mine = [actions.open_session(ada.login, by=SYSTEM) for _ in range(2)]
    his = actions.open_session(bob.login, by=SYSTEM)
    end(ada)
    assert [queries.session(each) for each in mine] == [None, None]
    assert queries.session(his).login == bob.login
    assert StoredEvent.objects.filter(name="login.closed", data__login=ada.login.pk).count() == 2


def test_a_session_without_a_living_login_opens_nothing(world):
    ada = world.agent("Ada")
    secret = actions.open_session(ada.login, by=SYSTEM)
    Login.objects.filter(pk=ada.login.pk).update(state=Login.State.DELETED)
    assert queries.session(secret) is None


def test_a_password_is_stored_anew_when_hashing_has_become_dearer(world, monkeypatch):
    before = Login.objects.get(pk=world.owner.login.pk).password
    monkeypatch.setattr(QuickArgon2, "time_cost", 2)
    sign_in(OWNER_EMAIL, PASSWORD, browser=HERE)
    after = Login.objects.get(pk=world.owner.login.pk).password
    assert before != after and "t=2" in after
    sign_in(OWNER_EMAIL, PASSWORD, browser=HERE)
    assert Login.objects.get(pk=world.owner.login.pk).password == after
