"""Which ticket an answer lands in, and that nobody without a proof gets into one."""

import re

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from parley.channels.email.mime import parse
from parley.channels.email.models import IncomingMail, KnownMessageId, OutgoingMail
from parley.channels.email.threading import place
from parley.desk.tickets.models import MessageGroup, Status, Ticket
from parley.kernel.cells import account_scope
from tests.world import CUSTOMER

STRANGER = "eve@stranger.example"


class Talk:
    """A customer wrote, an agent answered."""

    def __init__(self, world):
        self.world = world
        self.first = world.mail(headers={"Message-ID": "<first@customer.example>"})
        self.ticket = Ticket.objects.get(pk=self.first.group.ticket_id)
        world.answer(self.ticket)
        world.settle()
        self.sent = OutgoingMail.objects.get(ticket=self.ticket)

    def status(self):
        return Ticket.objects.values_list("status", flat=True).get(pk=self.ticket.pk)

    def lands(self, **mail):
        """The row of a further mail, and whether it is in the same ticket."""
        row = self.world.mail(**{"subject": "Something else", **mail})
        return row, row.group.ticket_id == self.ticket.pk


@pytest.fixture
def talk(world):
    talk = Talk(world)
    assert talk.status() == Status.ANSWERED
    return talk


def test_an_answer_finds_its_ticket_by_in_reply_to_alone_and_reopens_it(talk):
    row, same = talk.lands(headers={"In-Reply-To": f"<{talk.sent.message_id}>"})
    assert same
    assert row.evidence == {"by": "own_message_id", "found": talk.sent.message_id}
    assert talk.status() == Status.OPEN


def test_an_answer_finds_its_ticket_by_references_alone_and_reopens_it(talk):
    row, same = talk.lands(headers={"References": f"<x@y.example> <{talk.sent.message_id}>"})
    assert same
    assert row.evidence["by"] == "own_message_id"
    assert talk.status() == Status.OPEN


def test_an_answer_finds_its_ticket_by_the_answer_address_alone_and_reopens_it(talk):
    row, same = talk.lands(to=talk.sent.reply_to)
    assert same
    assert row.evidence == {"by": "answer_address", "found": talk.sent.reply_to}
    assert talk.status() == Status.OPEN


def test_the_answer_address_is_proof_for_whoever_was_given_it(talk):
    row, same = talk.lands(to=talk.sent.reply_to.upper(), sender="colleague@customer.example")
    assert same
    assert row.group.contact_id != talk.ticket.requester_id


@pytest.mark.parametrize(
    "subject", ["AW: WG: lampe {code}", "[{code}]", "re {code_lower} !!", "Re: x (#{code})"]
)
def test_a_mangled_subject_with_the_code_is_enough_for_the_customer(talk, subject):
    code = talk.ticket.code
    row, same = talk.lands(subject=subject.format(code=code, code_lower=code.lower()))
    assert same
    assert row.evidence == {"by": "subject_code", "found": code}
    assert talk.status() == Status.OPEN


def test_the_customers_own_first_mail_is_a_proof_for_the_customer(talk):
    row, same = talk.lands(headers={"In-Reply-To": "<first@customer.example>"})
    assert same
    assert row.evidence == {"by": "known_message_id", "found": "first@customer.example"}


def test_someone_who_has_written_into_the_ticket_takes_part_in_it(talk):
    friend = "friend@customer.example"
    talk.lands(to=talk.sent.reply_to, sender=friend)
    _, same = talk.lands(sender=friend, headers={"References": "<first@customer.example>"})
    assert same


def makes_a_new_ticket(talk, **mail):
    before = MessageGroup.objects.filter(ticket=talk.ticket).count()
    row, same = talk.lands(**mail)
    assert not same
    assert row.evidence == {"by": "nothing", "found": ""}
    assert row.group.ticket.status == Status.NEW
    assert MessageGroup.objects.filter(ticket=talk.ticket).count() == before
    assert talk.status() == Status.ANSWERED


def test_a_stranger_with_the_same_subject_gets_a_ticket_of_his_own(talk):
    makes_a_new_ticket(talk, sender=STRANGER, subject=f"Re: {talk.ticket.subject}")


def test_the_customer_with_the_same_subject_and_nothing_else_gets_a_new_ticket(talk):
    makes_a_new_ticket(talk, subject=talk.ticket.subject)


def test_a_stranger_with_the_code_in_the_subject_gets_a_ticket_of_his_own(talk):
    makes_a_new_ticket(talk, sender=STRANGER, subject=talk.sent.subject)


def test_a_stranger_who_knows_the_customers_message_id_gets_a_ticket_of_his_own(talk):
    makes_a_new_ticket(talk, sender=STRANGER, headers={"In-Reply-To": "<first@customer.example>"})


def test_a_stranger_with_a_forged_message_id_gets_a_ticket_of_his_own(talk):
    forged = re.sub(r"\.[a-z2-7]+@", ".aaaaaaaaaaaaaaaa@", talk.sent.message_id)
    assert forged != talk.sent.message_id
    makes_a_new_ticket(
        talk,
        sender=STRANGER,
        headers={"In-Reply-To": f"<{forged}>", "References": f"<{forged}>"},
    )


def test_a_stranger_with_a_forged_answer_address_gets_a_ticket_of_his_own(talk):
    forged = re.sub(r"\.[a-z2-7]+@", ".aaaaaaaaaaaaaaaa@", talk.sent.reply_to)
    makes_a_new_ticket(talk, sender=STRANGER, to=forged)


def test_the_message_ids_of_another_account_prove_nothing(talk):
    with account_scope(talk.world.intruder.pk):
        known = list(KnownMessageId.objects.values_list("message_id", flat=True))
        theirs = OutgoingMail.objects.exclude(reply_to="").first()
        sender = IncomingMail.objects.first().envelope_from
        address, code = theirs.reply_to, theirs.ticket.code
    assert len(known) >= 2
    makes_a_new_ticket(
        talk,
        sender=sender,
        subject=f"Re: [{code}]",
        headers={"References": " ".join(f"<{each}>" for each in known)},
    )
    makes_a_new_ticket(talk, sender=sender, to=address.replace("intruder", "acme"))


def test_a_mail_without_a_sender_takes_part_in_nothing(talk):
    world = talk.world
    raw = b"Message-ID: <nobody@x.example>\r\nSubject: a\r\n\r\nb"
    first = world.mail(raw, sender="")
    again = world.mail(raw.replace(b"<nobody@", b"<nobody2@") + b"c", sender="")
    answer = world.mail(
        b"References: <nobody@x.example>\r\nSubject: [%s]\r\n\r\nb" % first.group.ticket.code.encode(),
        sender="",
    )
    assert len({each.group.ticket_id for each in (first, again, answer)}) == 3


@pytest.mark.parametrize("status", [Status.CLOSED, Status.DELETED])
def test_an_answer_to_a_finished_ticket_makes_a_new_one(talk, status):
    Ticket.objects.filter(pk=talk.ticket.pk).update(status=status)
    row, same = talk.lands(headers={"In-Reply-To": f"<{talk.sent.message_id}>"})
    assert not same
    assert row.evidence["by"] == "own_message_id"  # shown as why it is related
    assert row.group.ticket.status == Status.NEW
    assert talk.status() == status


def test_the_second_answer_to_a_finished_ticket_finds_the_successor_of_the_first(talk):
    Ticket.objects.filter(pk=talk.ticket.pk).update(status=Status.CLOSED)
    ours = f"<{talk.sent.message_id}>"
    first, _ = talk.lands(headers={"In-Reply-To": ours, "Message-ID": "<second@customer.example>"})
    later, _ = talk.lands(headers={"References": f"{ours} <second@customer.example>"})
    assert later.group.ticket_id == first.group.ticket_id


def test_an_answer_to_a_spam_ticket_is_appended_in_silence(talk):
    Ticket.objects.filter(pk=talk.ticket.pk).update(status=Status.SPAM)
    _, same = talk.lands(to=talk.sent.reply_to)
    assert same
    assert talk.status() == Status.SPAM


@pytest.mark.parametrize("status", [Status.ANSWERED, Status.RESOLVED, Status.POSTPONED])
def test_an_automatic_answer_is_appended_and_changes_no_status(talk, status):
    Ticket.objects.filter(pk=talk.ticket.pk).update(status=status)
    _, same = talk.lands(
        headers={"In-Reply-To": f"<{talk.sent.message_id}>", "Auto-Submitted": "auto-replied"}
    )
    assert same
    assert talk.status() == status


def test_a_bounce_to_the_answer_address_is_appended_and_changes_no_status(talk):
    raw = (
        b"From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\n\r\nNo such user.\r\n--b--\r\n"
    )
    _, same = talk.lands(raw=raw, sender="", to=talk.sent.reply_to)
    assert same
    assert talk.status() == Status.ANSWERED


def test_a_thousand_references_cost_few_queries(talk, django_assert_max_num_queries):
    ids = " ".join(f"<{n}@elsewhere.example>" for n in range(1000))
    mail = parse(f"Subject: x\r\nReferences: {ids}\r\n\r\nb".encode())
    with django_assert_max_num_queries(3):
        assert place(mail, sender=CUSTOMER, recipients=["support@acme.localhost"]).ticket is None


@hypothesis_settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_where_a_strangers_mail_goes_depends_on_its_proofs_alone(talk, data):
    """Any words around it, any change to what was signed: only the whole signature opens the ticket."""
    sent = talk.sent
    where, letter = data.draw(st.integers(0, 200)), data.draw(st.sampled_from("abz247.-+@"))
    whole = data.draw(st.booleans())
    subject = data.draw(st.sampled_from(["", talk.ticket.subject, sent.subject]))
    message_id, address = sent.message_id, sent.reply_to
    if not whole:
        message_id = _changed(message_id, where, letter)
        address = _changed(address, len("support+") + where, letter, begin=len("support+"))
    use_address = data.draw(st.booleans())
    mail = parse(
        f"From: {STRANGER}\r\nSubject: {subject}\r\n".encode()
        + (b"" if use_address else f"References: <first@customer.example> <{message_id}>\r\n".encode())
        + b"\r\nbody"
    )
    recipients = [address if use_address else "support@acme.localhost"]
    first = place(mail, sender=STRANGER, recipients=recipients)
    assert place(mail, sender=STRANGER, recipients=recipients) == first
    assert first.ticket == (talk.ticket if whole else None)


def _changed(value, place, letter, begin=0):
    """One character of the signed part is another one."""
    end = value.index("@")
    place = begin + place % (end - begin)
    if value[place] == letter:
        letter = "3" if letter != "3" else "5"
    return value[:place] + letter + value[place + 1 :]
