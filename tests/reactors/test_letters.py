"""Letters to those who sign in, as they lie in the outbox."""

import re

from parley.accounts.sign_in import actions, queries
from parley.accounts.sign_in.actions import Browser
from parley.channels.email.models import Delivery, OutgoingMail
from parley.desk.team import actions as team
from parley.kernel.actors import SYSTEM

LINK = re.compile(r"http://acme\.localhost\S*/agent/(invitation|password/reset)/([A-Za-z0-9_-]{43})/")


def letters():
    return list(OutgoingMail.objects.order_by("id"))


def invite(**kw):
    return team.add_agent("Bob Gray", email="bob@acme.example", by=SYSTEM, **kw)


def test_an_invitation_names_the_account_and_has_a_link_that_works(world):
    bob = invite()
    world.settle()
    [mail] = letters()
    assert mail.subject == "You are invited to Acme Lamps"
    assert (mail.from_name, mail.from_email) == ("Acme Lamps", "support@acme.localhost")
    assert (mail.automatic, mail.is_secret, mail.ticket, mail.html) == (True, True, None, "")
    assert mail.text.startswith("Hello Bob Gray,\n") and "7 days" in mail.text
    [delivery] = Delivery.objects.all()
    assert (delivery.mail, delivery.address, delivery.name) == (mail, "bob@acme.example", "Bob Gray")
    assert (delivery.state, delivery.transport) == (Delivery.State.HANDED_OVER, "caught")
    [(purpose, secret)] = LINK.findall(mail.text)
    assert purpose == "invitation"
    assert queries.mailed_key(secret, "invitation").login == bob.login


def test_an_invitation_sent_again_makes_the_first_link_worthless(world):
    bob = invite()
    world.settle()
    actions.invite_again(bob.login, by=SYSTEM)
    world.settle()
    first, second = (LINK.search(mail.text)[2] for mail in letters())
    assert queries.mailed_key(first, "invitation") is None
    assert queries.mailed_key(second, "invitation").login == bob.login


def test_a_reset_is_sent_to_whom_it_concerns_and_to_nobody_else(world):
    ada = world.agent("Ada", email="ada@acme.example")
    for email in ("ada@acme.example", "nobody@acme.example"):
        actions.request_password(email, browser=Browser())
    world.settle()
    [mail] = letters()
    assert mail.subject == "A new password for Acme Lamps"
    assert "2 hours" in mail.text and "do nothing" in mail.text
    [(purpose, secret)] = LINK.findall(mail.text)
    assert purpose == "password/reset"
    assert queries.mailed_key(secret, "reset").login == ada.login
    assert [d.address for d in Delivery.objects.all()] == ["ada@acme.example"]


def test_who_was_deleted_meanwhile_gets_no_letter(world):
    bob = invite()
    actions.delete_login(bob.login, by=SYSTEM)
    world.settle()
    assert letters() == []


def test_nobody_who_has_a_password_is_invited(world):
    invite(password="long enough")
    world.settle()
    assert letters() == []


def test_each_letter_goes_once_however_often_reactors_run(world):
    invite()
    for _ in range(3):
        world.settle()
    assert len(letters()) == 1
