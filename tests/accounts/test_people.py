"""Logins: invited, given a password by a mailed key, promoted, deleted; and exactly one owner."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, connections, transaction
from django.test.utils import CaptureQueriesContext

from parley.accounts.models import Login, MailedKey
from parley.accounts.sign_in import actions, queries
from parley.accounts.sign_in.actions import (
    Browser,
    EmailTaken,
    KeyUsedUp,
    OneOwner,
    WeakPassword,
    sign_in,
)
from parley.kernel import clock
from parley.kernel.actors import SYSTEM
from parley.kernel.cells import account_scope
from parley.kernel.events import StoredEvent
from parley.kernel.throttle import TooMany
from tests.world import OWNER_EMAIL, PASSWORD

CELL = settings.CELLS[0]
HERE = Browser(ip="192.0.2.7")
NEW = "new and better password"


def events(name):
    return [e.load() for e in StoredEvent.objects.filter(name=name).order_by("seq")]


@pytest.fixture
def ada(world):
    return world.agent("Ada", email="ada@acme.example").login


def key(login, purpose="reset"):
    return actions.make_key(login, purpose, by=SYSTEM)


def choose(secret, purpose="reset", password=NEW):
    return actions.choose_password(secret, purpose, password, by=SYSTEM)


def test_a_login_without_password_is_invited(world):
    login = actions.add_login(" Bob@Acme.Example ", role="admin", by=SYSTEM)
    assert (login.email, login.state, login.role) == ("bob@acme.example", "invited", "admin")
    [invited] = events("login.invited")
    assert (invited.login, invited.role) == (login.pk, "admin")
    actions.invite_again(login, by=SYSTEM)
    assert len(events("login.invited")) == 2


def test_a_key_of_the_invitation_makes_the_login_active(world):
    login = actions.add_login("bob@acme.example", by=SYSTEM)
    assert choose(key(login, "invitation"), "invitation").state == Login.State.ACTIVE
    assert queries.session(sign_in("bob@acme.example", NEW, browser=HERE)).login == login
    assert events("login.password_changed")[-1].login == login.pk


def test_a_key_works_once(ada):
    secret = key(ada)
    choose(secret)
    with pytest.raises(KeyUsedUp):
        choose(secret, password="yet another password")
    assert sign_in("ada@acme.example", NEW, browser=HERE)


@pytest.mark.parametrize(
    "purpose, lasts", [("reset", timedelta(hours=2)), ("invitation", timedelta(days=7))]
)
def test_a_key_works_for_its_time_only(ada, purpose, lasts):
    early, late = key(ada, purpose), None
    clock.move(seconds=lasts.total_seconds() - 1)
    assert queries.mailed_key(early, purpose).login == ada
    clock.move(seconds=1)
    assert queries.mailed_key(early, purpose) is late
    with pytest.raises(KeyUsedUp):
        choose(early, purpose)


def test_a_key_is_good_for_its_purpose_its_account_and_while_it_is_the_newest(ada, intruder):
    old, new = key(ada), key(ada)
    for secret, purpose in ((old, "reset"), (new, "invitation"), ("made up", "reset"), ("", "reset")):
        with pytest.raises(KeyUsedUp):
            choose(secret, purpose)
    with account_scope(intruder.pk), pytest.raises(KeyUsedUp):
        choose(new)
    assert choose(new) == ada


def test_the_secret_of_a_key_is_not_stored(ada):
    secret = key(ada)
    row = MailedKey.objects.get()
    assert secret not in repr(vars(row)) and len(row.digest) == 64


def test_a_deleted_logins_key_is_worth_nothing(ada):
    secret = key(ada)
    actions.delete_login(ada, by=SYSTEM)
    with pytest.raises(KeyUsedUp):
        choose(secret)


@pytest.mark.parametrize(
    "weak", ["", "short", "x" * 9, "x" * 201, "ADA@acme.example", "passwordpassword", "Password123"]
)
def test_a_weak_password_is_refused_and_the_key_stays_good(ada, weak):
    secret = key(ada)
    with pytest.raises(WeakPassword):
        choose(secret, password=weak)
    assert choose(secret, password="ten letter") == ada


def test_choosing_forgives_earlier_tries(ada):
    for n in range(10):
        with pytest.raises(actions.WrongPassword):
            sign_in("ada@acme.example", "wrong password", browser=Browser(ip=f"192.0.2.{n}"))
    choose(key(ada))
    assert sign_in("ada@acme.example", NEW, browser=Browser(ip="192.0.2.99"))


def test_asking_for_a_reset_says_nothing_about_who_is_here(ada):
    answers = [
        actions.request_password(e, browser=HERE) for e in ("Ada@acme.example", "no@acme.example")
    ]
    assert answers == [None, None]
    assert [e.login for e in events("login.password_requested")] == [ada.pk]
    for email in ("ada@acme.example", "no@acme.example"):
        for n in range(4):
            actions.request_password(email, browser=Browser(ip=f"192.0.2.{n}"))
        with pytest.raises(TooMany) as wait:
            actions.request_password(email, browser=HERE)
        assert wait.value.retry_after == 720


def test_one_place_cannot_ask_for_everybody(world):
    for n in range(30):
        actions.request_password(f"someone{n}@acme.example", browser=HERE)
    with pytest.raises(TooMany):
        actions.request_password("someone@acme.example", browser=HERE)


def test_the_invited_who_ask_for_a_reset_are_invited_again_and_the_deleted_hear_nothing(ada):
    invited = actions.add_login("bob@acme.example", by=SYSTEM)
    actions.request_password("bob@acme.example", browser=HERE)
    assert [e.login for e in events("login.invited")] == [invited.pk, invited.pk]
    actions.delete_login(ada, by=SYSTEM)
    with CaptureQueriesContext(connections[CELL]):
        actions.request_password("ada@acme.example", browser=HERE)
    assert events("login.password_requested") == []


def test_an_address_belongs_to_one_living_login(ada):
    with pytest.raises(EmailTaken):
        actions.add_login("ADA@acme.example", by=SYSTEM)
    actions.delete_login(ada, by=SYSTEM)
    assert actions.add_login("ada@acme.example", by=SYSTEM).pk != ada.pk
    assert [e.login for e in events("login.deleted")] == [ada.pk]


def test_a_role_is_changed_once_and_told(ada):
    actions.change_role(ada, role="admin", by=SYSTEM)
    actions.change_role(ada, role="admin", by=SYSTEM)
    [change] = events("login.role_changed")
    assert (change.role, change.previously) == ("admin", "agent")
    assert Login.objects.get(pk=ada.pk).administers


def test_the_owner_is_neither_removed_nor_demoted_nor_doubled(world, ada):
    owner = world.owner.login
    with pytest.raises(OneOwner):
        actions.delete_login(owner, by=SYSTEM)
    with pytest.raises(OneOwner):
        actions.change_role(owner, role="agent", by=SYSTEM)
    with pytest.raises(OneOwner):
        actions.change_role(ada, role="owner", by=SYSTEM)
    with pytest.raises(OneOwner):
        actions.add_login("second@acme.example", role="owner", by=SYSTEM)
    with pytest.raises(IntegrityError), transaction.atomic(using=CELL):
        Login.objects.filter(pk=ada.pk).update(role="owner")
    assert [login.email for login in Login.objects.filter(role="owner")] == [OWNER_EMAIL]
    assert sign_in(OWNER_EMAIL, PASSWORD, browser=HERE)


def test_of_many_who_would_be_owner_at_once_exactly_one_is(installation):
    account = installation.script("found_without_owner", "one")
    running = [installation.background("become_owner", account, n, 5) for n in range(4)]
    became = [each for process in running for each in installation.result(process)]
    assert len(became) == 1
    assert installation.script("owners", account) == became
