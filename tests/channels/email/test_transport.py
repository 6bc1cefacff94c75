"""Handing mail to a real server: what it says is what the row says, and nothing leaves twice."""

import smtplib
from datetime import timedelta

import pytest

from parley.channels.email import actions, deliver
from parley.channels.email.models import Delivery, OutgoingMail
from parley.channels.email.rendering import composed
from parley.channels.email.transport import Refused, Relay, Uncertain
from parley.desk import ports
from parley.kernel import clock
from parley.kernel.actors import SYSTEM
from parley.kernel.jobs import Job
from tests.channels.email.relays import HANG_UP, Scripted, Users, certificate, free_port, relay
from tests.world import CUSTOMER

State = Delivery.State


@pytest.fixture
def by_relay(settings):
    """Mail goes to the server that answers so, from now on."""

    def use(port, user="", scheme="smtp"):
        settings.SMTP_RELAY = f"{scheme}://{user}127.0.0.1:{port}"

    return use


def answered(world):
    world.answer(world.mail().group.ticket)
    world.settle()


def whole(mail):
    """As the protocol carries it: the last line has an end, too."""
    return composed(mail).removesuffix(b"\r\n") + b"\r\n"


def row():
    found = Delivery.objects.get()
    return found.state, found.reply


def queued(*addresses, is_secret=False, text="Words"):
    mail = OutgoingMail(
        message_id="m@acme.localhost",
        from_name="Acme",
        from_email="support@acme.localhost",
        subject="Subject",
        text=text,
        is_secret=is_secret,
    )
    return actions.queue(mail, [actions.Recipient(each) for each in addresses], by=SYSTEM)


def test_a_server_that_takes_it_gets_the_composed_bytes_once(world, by_relay):
    script = Scripted()
    with relay(script) as port:
        by_relay(port)
        answered(world)
        world.settle()
    mail = OutgoingMail.objects.get()
    assert script.mails == [(mail.reply_to, [CUSTOMER], whole(mail))]
    assert row() == (State.HANDED_OVER, "250 2.0.0 queued as 4711")
    found = Delivery.objects.get()
    assert (found.transport, found.attempts, found.handed_over_at) == ("relay", 1, clock.now())
    assert Job.objects.count() == 0


def test_lines_that_begin_with_a_dot_arrive_as_they_were_written(world, by_relay):
    script = Scripted()
    with relay(script) as port:
        by_relay(port)
        mail = queued(CUSTOMER, text=".\r\n..two\r\n.end.")
        world.settle()
    assert script.mails[0][2] == whole(mail)


def test_a_server_that_is_busy_is_asked_again_later_and_gets_it_once(world, by_relay):
    script = Scripted("451 4.3.0 busy", "421 4.7.0 still busy")
    with relay(script) as port:
        by_relay(port)
        answered(world)
        assert row() == (State.QUEUED, "451 4.3.0 busy")
        world.settle()
        assert Delivery.objects.get().attempts == 1  # not before it is due
        world.advance(minutes=1)
        assert row() == (State.QUEUED, "421 4.7.0 still busy")
        world.advance(minutes=2)
        world.advance(days=1)
    assert row()[0] == State.HANDED_OVER
    assert Delivery.objects.get().attempts == 3
    assert len(script.mails) == 1


@pytest.mark.parametrize("at", ["rcpt", "data"])
def test_a_server_that_refuses_for_good_is_not_asked_again_and_its_words_are_kept(world, by_relay, at):
    no = "550 5.1.1 no such user here"
    script = Scripted(no) if at == "data" else Scripted(rcpt={CUSTOMER: no})
    with relay(script) as port:
        by_relay(port)
        answered(world)
        world.advance(days=5)
    assert row() == (State.FAILED, no)
    assert Delivery.objects.get().attempts == 1
    assert script.mails == []


def test_a_server_that_cannot_be_reached_is_tried_again_until_it_can(world, by_relay):
    port = free_port()
    by_relay(port)
    answered(world)
    state, reply = row()
    assert state == State.QUEUED
    assert reply.startswith("the server cannot be reached:")
    script = Scripted()
    with relay(script) as other:
        by_relay(other)
        world.advance(minutes=1)
    assert row()[0] == State.HANDED_OVER
    assert len(script.mails) == 1


def test_after_three_days_without_a_server_it_is_given_up(world, by_relay):
    by_relay(free_port())
    answered(world)
    for _ in actions.TRIED_AGAIN_AFTER:
        clock.move(hours=6)
        world.work()
    assert row()[0] == State.FAILED
    assert Delivery.objects.get().attempts == len(actions.TRIED_AGAIN_AFTER) + 1
    assert Job.objects.count() == 0


def test_a_connection_that_ends_before_the_servers_word_leaves_it_uncertain_for_good(world, by_relay):
    script = Scripted(HANG_UP)
    with relay(script) as port:
        by_relay(port)
        answered(world)
        assert row()[0] == State.UNCERTAIN
        actions._enqueue(Delivery.objects.get(), after=timedelta())
        world.advance(days=5)
        assert deliver.send(Delivery.objects.get().pk) is None
    assert row()[0] == State.UNCERTAIN
    assert "The connection ended before the server's word" in row()[1]
    assert len(script.mails) == 1


def test_a_worker_that_died_with_the_content_on_its_way_leaves_it_uncertain(world, by_relay):
    script = Scripted()
    with relay(script) as port:
        by_relay(port)
        queued(CUSTOMER)
        dead = actions.claim(Delivery.objects.get().pk, by=SYSTEM)
        actions.handing_over(dead, by=SYSTEM)
        world.settle()
        world.advance(days=5)
    assert row()[0] == State.UNCERTAIN
    assert script.mails == []


def test_a_worker_that_died_before_the_content_leaves_it_to_the_next(world, by_relay):
    script = Scripted()
    with relay(script) as port:
        by_relay(port)
        queued(CUSTOMER)
        actions.claim(Delivery.objects.get().pk, by=SYSTEM)
        world.settle()
    assert row()[0] == State.HANDED_OVER
    assert len(script.mails) == 1


def test_a_worker_that_slept_while_another_sent_it_sends_nothing(world, by_relay):
    script = Scripted()
    with relay(script) as port:
        by_relay(port)
        queued(CUSTOMER)
        slept = actions.claim(Delivery.objects.get().pk, by=SYSTEM)
        world.settle()
        with pytest.raises(actions.Superseded):
            actions.handing_over(slept, by=SYSTEM)
    assert row()[0] == State.HANDED_OVER
    assert len(script.mails) == 1


def test_one_bad_recipient_does_not_hold_up_the_other(world, by_relay):
    script = Scripted(rcpt={"bad@x.example": "550 no", "busy@x.example": ["450 later"]})
    with relay(script) as port:
        by_relay(port)
        queued("bad@x.example", "busy@x.example", "good@x.example")
        world.settle()
        states = dict(Delivery.objects.values_list("address", "state"))
        assert states == {
            "bad@x.example": State.FAILED,
            "busy@x.example": State.QUEUED,
            "good@x.example": State.HANDED_OVER,
        }
        world.advance(minutes=1)
    assert [to for _, to, _ in script.mails] == [["good@x.example"], ["busy@x.example"]]
    assert script.mails[0][2] == script.mails[1][2]  # all are named in the headers of each


def test_an_address_that_no_mail_can_bear_fails_at_once(world, by_relay):
    script = Scripted()
    with relay(script) as port:
        by_relay(port)
        queued("not an address")
        world.settle()
    assert row()[0] == State.FAILED
    assert row()[1].startswith("This mail cannot be written: ")


def test_starttls_and_sign_in_are_used_where_they_are_offered(world, by_relay, tmp_path, monkeypatch):
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    users, script = Users("us er", "p@ss:/word"), Scripted()
    with relay(script, tls_context=context, authenticator=users, auth_required=True) as port:
        by_relay(port, user="us%20er:p%40ss%3A%2Fword@")
        answered(world)
    assert row()[0] == State.HANDED_OVER
    assert users.seen[0][1:] == (b"us er", True)
    assert script.commands[0][3] is True


def test_a_wrong_password_is_the_operators_to_mend_and_not_the_mails_end(
    world, by_relay, tmp_path, monkeypatch
):
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    script = Scripted()
    with relay(script, tls_context=context, authenticator=Users("a", "b"), auth_required=True) as port:
        by_relay(port, user="a:wrong@")
        answered(world)
        assert row()[0] == State.QUEUED
        assert row()[1].startswith("535 ")
        by_relay(port, user="a:b@")
        world.advance(minutes=1)
    assert row()[0] == State.HANDED_OVER


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(world, by_relay, tmp_path):
    context, _ = certificate(tmp_path)
    script = Scripted()
    with relay(script, tls_context=context) as port:
        by_relay(port)
        answered(world)
    assert row()[0] == State.QUEUED
    assert "certificate verify failed" in row()[1]
    assert script.mails == []


def test_a_key_in_a_letter_is_blanked_once_a_real_server_has_it(world, by_relay):
    script = Scripted("451 busy")
    with relay(script) as port:
        by_relay(port)
        ports.send_letter(
            ports.Letter("new@acme.example", "New", "Welcome", "Key: 4711", is_secret=True)
        )
        world.settle()
        assert OutgoingMail.objects.get().text == "Key: 4711"
        world.advance(minutes=1)
    assert b"Key: 4711" in script.mails[0][2]
    assert (OutgoingMail.objects.get().text, OutgoingMail.objects.get().subject) == ("", "Welcome")


def test_a_key_stays_until_the_last_recipient_is_served(world, by_relay):
    script = Scripted(rcpt={"busy@x.example": ["450 later"]})
    with relay(script) as port:
        by_relay(port)
        queued("good@x.example", "busy@x.example", is_secret=True)
        world.settle()
        assert OutgoingMail.objects.get().text == "Words"
        world.advance(minutes=1)
    assert OutgoingMail.objects.get().text == ""
    assert len(script.mails) == 2


def test_words_without_a_key_are_kept(world, by_relay):
    with relay(Scripted()) as port:
        by_relay(port)
        queued("good@x.example")
        world.settle()
    assert OutgoingMail.objects.get().text == "Words"


def offer(url, *, sender="a@b.example", recipient="c@d.example", content=b"Subject: x\r\n\r\ny\r\n"):
    follows = []
    said = Relay(url).send(
        sender=sender,
        recipient=recipient,
        content=content,
        content_follows=lambda: follows.append(1),
    )
    return said, follows


def test_no_password_goes_to_a_far_server_that_does_not_encrypt():
    users = Users("a", "b")
    with relay(Scripted(), authenticator=users, auth_require_tls=False) as port:
        with (
            smtplib.SMTP("127.0.0.1", port, local_hostname="here") as server,
            pytest.raises(smtplib.SMTPException, match="no password is sent"),
        ):
            Relay("smtp://a:b@relay.example")._introduce(server)
        assert users.seen == []
        assert offer(f"smtp://a:b@127.0.0.1:{port}")[1] == [1]  # this machine is not far
    assert len(users.seen) == 1


def test_an_address_beyond_ascii_needs_a_server_that_takes_it():
    with relay(Scripted(), enable_SMTPUTF8=False) as port, pytest.raises(Refused) as refused:
        offer(f"smtp://127.0.0.1:{port}", recipient="jürgen@d.example")
    assert refused.value.for_good
    script = Scripted()
    with relay(script, enable_SMTPUTF8=True) as port:
        offer(f"smtp://127.0.0.1:{port}", recipient="jürgen@d.example")
    assert script.mails[0][1] == ["jürgen@d.example"]
    assert "SMTPUTF8" in script.commands[0][2]


def test_the_caller_hears_that_the_content_follows_only_when_it_does():
    with relay(Scripted()) as port:
        assert offer(f"smtp://127.0.0.1:{port}") == ("250 2.0.0 queued as 4711", [1])
    heard = []
    with relay(Scripted(rcpt={"c@d.example": "550 no"})) as port, pytest.raises(Refused):
        Relay(f"smtp://127.0.0.1:{port}").send(
            sender="a@b.example",
            recipient="c@d.example",
            content=b"x\r\n",
            content_follows=lambda: heard.append(1),
        )
    assert heard == []


def test_a_server_that_hangs_up_is_uncertain_to_the_caller():
    with relay(Scripted(HANG_UP)) as port, pytest.raises(Uncertain):
        offer(f"smtp://127.0.0.1:{port}")
