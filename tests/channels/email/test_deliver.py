"""An agent's answer as the bytes of a mail, and what follows when it is written twice or to nobody."""

import email
import email.policy

import pytest

from parley.channels.email import queries
from parley.channels.email.events import DeliveryChanged
from parley.channels.email.identity import NOBODY, code_of_address, code_of_message_id
from parley.channels.email.models import Delivery, KnownMessageId, OutgoingMail
from parley.channels.email.rendering import composed
from parley.desk import ports
from parley.desk.contacts.models import Contact
from parley.desk.tickets.models import Ticket
from parley.kernel import history
from parley.kernel.html import clean_reply
from tests.world import CUSTOMER


def sent():
    """The one mail in the outbox, read."""
    raw = composed(OutgoingMail.objects.get())
    return email.message_from_bytes(raw, policy=email.policy.default)


def body(mail, kind="plain"):
    return mail.get_body((kind,)).get_content()


@pytest.fixture
def ticket(world):
    row = world.mail(
        headers={
            "Message-ID": "<c2@customer.example>",
            "References": "<c0@customer.example> <c1@customer.example>",
        }
    )
    return Ticket.objects.get(pk=row.group.ticket_id)


def test_an_answer_continues_the_customers_thread(world, ticket):
    group = world.answer(ticket, "It is plugged in?", author=world.agent("Ada"))
    world.settle()
    mail = sent()
    assert mail["From"] == f"Ada <support@{world.host}>"
    assert mail["To"] == f"Mette Holm <{CUSTOMER}>"
    assert mail["Subject"] == f"Re: Broken lamp [{ticket.code}]"
    assert mail["In-Reply-To"] == "<c2@customer.example>"
    assert mail["References"].split() == [
        "<c0@customer.example>",
        "<c1@customer.example>",
        "<c2@customer.example>",
    ]
    assert code_of_message_id(mail["Message-ID"]) == ticket.code
    assert group.public_id in mail["Message-ID"]
    assert mail["Auto-Submitted"] is None


def test_answers_come_back_to_an_address_that_only_we_can_make(world, ticket):
    world.answer(ticket)
    world.settle()
    (address,) = sent()["Reply-To"].addresses
    assert address.username.startswith("support+")
    assert address.domain == world.host
    assert code_of_address(address.addr_spec) == ticket.code


def test_the_mail_is_the_departments(world):
    sales = world.department("Sales", mail_name="sales")
    ticket = world.ticket(department=sales)
    world.answer(ticket)
    world.settle()
    mail = sent()
    assert mail["From"].addresses[0].addr_spec == f"sales@{world.host}"
    assert mail["Reply-To"].addresses[0].username.startswith("sales+")


def test_what_the_customer_said_is_quoted_below(world, ticket):
    world.answer(ticket, "It is plugged in?")
    world.settle()
    assert body(sent()).splitlines() == [
        "It is plugged in?",
        "",
        "On 2 January 2030, 12:00, Mette Holm wrote:",
        "> It does not glow.",
    ]


def test_the_quotation_speaks_the_readers_language_in_the_accounts_time_zone(world, ticket):
    type(world.account).objects.filter(pk=world.account.pk).update(time_zone="Europe/Bratislava")
    Contact.objects.filter(pk=ticket.requester_id).update(language="de")
    world.answer(ticket)
    world.settle()
    line = OutgoingMail.objects.get().quoted_line
    assert "2. Januar 2030" in line
    assert "13:00" in line
    assert "Mette Holm" in line


def test_html_is_quoted_as_html_without_pictures_that_nobody_can_load(world):
    row = world.mail(html='<p>It does <b>not</b> glow.</p><img src="data:image/png;base64,AAAA">')
    world.answer(row.group.ticket, "Sorry.", html=clean_reply("<p>Sorry.</p>"))
    world.settle()
    html = body(sent(), "html")
    assert html.index("Sorry.") < html.index("<blockquote") < html.index("<b>not</b>")
    assert "/files/" not in html


def test_files_of_an_answer_are_attached(world, ticket):
    world.answer(ticket, files=[world.file(b"%PDF-1.7 bill", name="Rechnung März.pdf")])
    world.settle()
    (attached,) = sent().iter_attachments()
    assert attached.get_filename() == "Rechnung März.pdf"
    assert attached.get_content() == b"%PDF-1.7 bill"


def test_pictures_in_an_answer_travel_with_it(world, ticket):
    picture = world.file(b"\x89PNG", name="lamp.png", content_type="image/png")
    address = f"/files/{picture.kept.public_id}/lamp.png"
    html = clean_reply(f'<p>Like this: <img src="{address}"></p>')
    world.answer(ticket, "Like this:", html=html, files=[picture])
    world.settle()
    mail = sent()
    related = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    (shown,) = related
    content_id = shown["Content-ID"].strip("<>")
    assert f'src="cid:{content_id}"' in body(mail, "html")
    assert "/files/" not in body(mail, "html")


def test_the_same_group_is_queued_once(world, ticket):
    group = world.answer(ticket)
    world.settle()
    ports.channel_for("E").deliver(ports.Outbound(ticket.pk, group.pk))
    assert (OutgoingMail.objects.count(), Delivery.objects.count()) == (1, 1)


def test_the_bytes_are_the_same_each_time(world, ticket):
    world.answer(ticket, html="<p>a</p>", files=[world.file()])
    world.settle()
    mail = OutgoingMail.objects.get()
    assert composed(mail) == composed(OutgoingMail.objects.get(pk=mail.pk))


def test_a_caught_mail_is_done_and_says_that_it_was_caught(world, ticket):
    group = world.answer(ticket)
    world.settle()
    row = queries.states_of([group.pk])[group.pk]
    assert (row.state, row.transport) == (Delivery.State.HANDED_OVER, "caught")
    mail = queries.caught().get()
    assert queries.entry(mail) == {
        "id": mail.public_id,
        "to": CUSTOMER,
        "subject": f"Re: Broken lamp [{ticket.code}]",
        "message_id": f"<{mail.message_id}>",
        "in_reply_to": "<c2@customer.example>",
        "references": "<c0@customer.example> <c1@customer.example> <c2@customer.example>",
        "state": "caught",
        "text": "Have you tried to switch it on?",
    }


def test_our_message_id_is_known_as_the_tickets(world, ticket):
    group = world.answer(ticket)
    world.settle()
    known = KnownMessageId.objects.get(message_id=OutgoingMail.objects.get().message_id)
    assert (known.ticket_id, known.group_id) == (ticket.pk, group.pk)


def test_a_note_leaves_for_nobody(world, ticket):
    world.note(ticket)
    world.settle()
    assert OutgoingMail.objects.count() == 0


def test_nothing_is_sent_to_a_sender_who_gave_no_address(world):
    row = world.mail(b"Subject: a\r\n\r\nb", sender="")
    world.answer(row.group.ticket)
    world.settle()
    assert row.group.contact.addresses.get().email == NOBODY
    assert OutgoingMail.objects.count() == 0


def test_a_mail_without_a_message_id_is_answered_without_a_reference(world):
    row = world.mail(b"From: a@b.example\r\nSubject: a\r\n\r\nb")
    world.answer(row.group.ticket)
    world.settle()
    mail = sent()
    assert mail["In-Reply-To"] is None
    assert mail["References"] is None
    assert mail["Subject"] == f"Re: a [{row.group.ticket.code}]"


def test_wild_message_ids_of_the_customer_do_not_stop_the_answer(world):
    row = world.mail(
        b"From: a@b.example\r\nMessage-ID: <\xff not an id>\r\nReferences: <a b> <> <\xe9@x> "
        + b" ".join(b"<%d@long.example>" % n for n in range(400))
        + b"\r\nSubject: a\r\n\r\nb"
    )
    world.answer(row.group.ticket)
    world.settle()
    assert Delivery.objects.get().state == Delivery.State.HANDED_OVER
    assert len(sent()["References"]) < 998


def test_a_whole_talk_stays_in_one_ticket(world):
    first = world.mail(headers={"Message-ID": "<a1@customer.example>"})
    ticket = Ticket.objects.get(pk=first.group.ticket_id)
    for n in range(2, 5):
        world.answer(ticket)
        world.settle()
        ours = OutgoingMail.objects.order_by("-id").first()
        row = world.mail(
            subject="changed",
            headers={
                "Message-ID": f"<a{n}@customer.example>",
                "In-Reply-To": f"<{ours.message_id}>",
                "References": f"{' '.join(f'<{each}>' for each in ours.references.split())} <{ours.message_id}>",
            },
        )
        assert row.group.ticket_id == ticket.pk
    world.answer(ticket)
    world.settle()
    last = OutgoingMail.objects.order_by("-id").first()
    assert last.in_reply_to == "a4@customer.example"
    assert last.references.split()[0] == "a1@customer.example"
    assert last.references.split()[-1] == "a4@customer.example"
    assert Ticket.objects.count() == 1


def test_a_letter_comes_from_the_account_and_says_that_a_machine_wrote_it(world):
    ports.send_letter(
        ports.Letter("new@acme.example", "New", "Welcome", "Your key: 4711", is_secret=True)
    )
    world.settle()
    mail = sent()
    assert mail["From"] == f"Acme Lamps <support@{world.host}>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Reply-To"] is None
    assert (
        OutgoingMail.objects.get().text == "Your key: 4711"
    )  # the outbox is how it is read in development


def test_the_tickets_readers_hear_how_far_an_answer_got(world):
    ticket = world.ticket()
    group = world.answer(ticket)
    world.settle()
    [happened] = history.of(f"ticket-{ticket.pk}", names=["ticket.delivery_changed"])
    delivery = Delivery.objects.get(mail__group=group)
    assert happened.event == DeliveryChanged(ticket.pk, group.pk, delivery.pk, "handed_over")
