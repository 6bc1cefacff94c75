"""From bytes to a ticket: nothing lost, nothing doubled, nothing that a stranger's bytes can break."""

import pytest
from django.db.models.functions import Length

from parley.channels.email import receive
from parley.channels.email.identity import NOBODY
from parley.channels.email.models import IncomingMail, KnownMessageId
from parley.desk.contacts.queries import main_address
from parley.desk.tickets.models import Message, MessageGroup, Status, Ticket
from parley.kernel import clock, jobs
from parley.kernel.jobs import Job
from parley.kernel.stored_files import StoredFile
from tests.world import CUSTOMER

PIXEL = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"


def accept(world, raw, to=(), sender=CUSTOMER):
    to = list(to) or [f"support@{world.host}"]
    return receive.accept(raw, envelope_from=sender, recipients=to, source="smtp")


def messages(row):
    return list(
        Message.objects.filter(group_id=row.group_id).select_related("file").order_by("position")
    )


def test_a_mail_becomes_a_ticket_with_its_words_and_its_sender(world):
    row = world.mail(
        sender="jane@customer.example", sender_name="Jane Doe", subject="Hello", text="Words."
    )
    ticket = row.group.ticket
    assert (ticket.subject, ticket.status, ticket.channel) == ("Hello", Status.NEW, "E")
    assert ticket.department == world.general
    assert (row.group.contact.name, main_address(row.group.contact)) == (
        "Jane Doe",
        "jane@customer.example",
    )
    assert [(m.type, m.format, m.body) for m in messages(row)] == [("M", "T", "Words.")]
    assert row.state == IncomingMail.State.FILED
    assert KnownMessageId.objects.filter(message_id=row.message_id, ticket=ticket).count() == 1


def test_the_raw_bytes_are_kept_exactly_as_they_came(world):
    raw = b"From: a@b.example\nSubject: bare\n line feeds\r\n\r\n\x00\xff.\r\n..\r\nend"
    row = accept(world, raw)
    with row.raw.open() as content:
        assert content.read() == raw


def test_an_accepted_mail_waits_for_its_job_and_is_there_already(world):
    row = accept(world, b"Subject: a\r\n\r\nb")
    assert row.state == IncomingMail.State.RECEIVED
    assert Job.objects.filter(name="email.understand").count() == 1
    assert Ticket.objects.count() == 0


def test_the_same_mail_again_within_a_week_is_not_taken_twice(world):
    raw = b"Message-ID: <a@b.example>\r\nSubject: a\r\n\r\nb"
    first = accept(world, raw)
    clock.move(days=6)
    assert accept(world, raw).pk == first.pk
    world.work()
    assert accept(world, raw).pk == first.pk
    assert (IncomingMail.objects.count(), Ticket.objects.count()) == (1, 1)


def test_the_same_mail_after_more_than_a_week_is_taken_again(world):
    raw = b"Message-ID: <a@b.example>\r\nSubject: a\r\n\r\nb"
    first = accept(world, raw)
    clock.move(days=8)
    second = accept(world, raw)
    assert second.pk != first.pk
    assert accept(world, raw).pk == second.pk


@pytest.mark.parametrize(
    "raw", [b"Subject: a\r\n\r\nb", b"Subject: a\r\n\r\nMessage-ID: <in.the@body.example>"]
)
def test_without_a_message_id_equal_mails_are_two_mails(world, raw):
    assert accept(world, raw).pk != accept(world, raw).pk
    assert IncomingMail.objects.count() == 2


def test_another_envelope_is_another_mail(world):
    raw = b"Message-ID: <a@b.example>\r\nSubject: a\r\n\r\nb"
    first = accept(world, raw)
    assert accept(world, raw, to=[f"sales@{world.host}"]).pk != first.pk
    assert accept(world, raw, sender="x@y.example").pk != first.pk


def test_understanding_twice_is_once(world):
    row = accept(world, b"Message-ID: <a@b.example>\r\nSubject: a\r\n\r\nb")
    then, again = receive.understand(row.pk), receive.understand(row.pk)
    then()
    again()
    assert receive.understand(row.pk) is None
    assert (Ticket.objects.count(), MessageGroup.objects.count()) == (1, 1)
    assert KnownMessageId.objects.filter(message_id="a@b.example").count() == 1


@pytest.mark.parametrize(("raw", "why"), [(b"", "empty"), (None, "too-deep")])
def test_an_unreadable_mail_becomes_a_ticket_with_the_raw_file(world, raw, why):
    if raw is None:
        raw = b"".join(
            b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(150)
        )
    row = world.mail(raw)
    assert (row.state, row.error) == (IncomingMail.State.UNREADABLE, why)
    assert row.group.ticket.subject == "A mail that could not be read"
    assert main_address(row.group.contact) == CUSTOMER
    text, file = messages(row)
    assert text.body == "This mail is broken beyond reading. It is attached as it came."
    with file.file.open() as content:
        assert content.read() == raw
    assert file.file.content_type == "message/rfc822"


def test_reply_to_wins_over_from(world):
    row = world.mail(
        sender="form@shop.example",
        sender_name="Contact form",
        headers={"Reply-To": "Mette Holm <Mette@Customer.Example>"},
    )
    assert row.group.contact.name == "Mette Holm"
    assert main_address(row.group.contact) == "mette@customer.example"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b"=?utf-8?B?SsO8cmdlbg==?= <j@c.example>", "Jürgen"),
        (b'"Doe, Jane" <j@c.example>', "Doe, Jane"),
        (b"j@c.example (Jane)", "Jane"),
        (b"<j@c.example>", ""),
    ],
)
def test_display_names_are_read_as_they_were_meant(world, header, name):
    row = world.mail(b"From: " + header + b"\r\nSubject: a\r\n\r\nb")
    assert row.group.contact.name == name
    assert main_address(row.group.contact) == "j@c.example"


def test_without_a_from_the_envelope_says_who_it_is(world):
    row = world.mail(b"Subject: a\r\n\r\nb", sender="Jane@C.example")
    assert main_address(row.group.contact) == "jane@c.example"


def test_a_mail_from_nobody_still_becomes_a_ticket(world):
    row = world.mail(b"Subject: a\r\n\r\nb", sender="")
    assert main_address(row.group.contact) == NOBODY
    assert row.group.ticket.subject == "a"


def test_an_address_longer_than_mail_allows_is_no_senders(world):
    long = "a" * 60 + "@" + ".".join(["b" * 60] * 4) + ".example"
    row = world.mail(f"From: {long}\r\nSubject: a\r\n\r\nb".encode(), sender="")
    assert main_address(row.group.contact) == NOBODY


def test_the_local_part_chooses_the_department(world):
    sales = world.department("Sales", mail_name="sales")
    assert world.mail(to=f"Sales@{world.host}").group.ticket.department == sales
    assert world.mail(to=f"sales+tag@{world.host}").group.ticket.department == sales
    assert world.mail(to=f"nobody@{world.host}").group.ticket.department == world.general
    both = world.mail(to=[f"nobody@{world.host}", f"sales@{world.host}"])
    assert both.group.ticket.department == sales


def test_html_is_cleaned_and_its_text_is_made_from_it(world):
    row = world.mail(
        text="plain",
        html='<p onclick="x()">Hello <b>you</b></p><script>alert(1)</script>'
        '<a href="javascript:alert(1)">x</a><img src="http://tracker.example/p.png">',
    )
    (said,) = messages(row)
    assert said.format == "H"
    assert "<b>you</b>" in said.body
    for bad in ("script", "onclick", "javascript", ' src="http'):
        assert bad not in said.body
    assert row.group.ticket.preview.startswith("Hello you")


def test_inline_pictures_point_to_their_stored_files(world):
    raw = (
        b"From: a@b.example\r\nSubject: a\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/html\r\n\r\n"
        b'<p>See <img src="cid:pic.1@b"> and <img src="cid:unknown"></p>\r\n'
        b'--b\r\nContent-Type: image/png; name="=?utf-8?Q?M=C3=BCll_(1).png?="\r\n'
        b"Content-ID: <pic.1@b>\r\nContent-Disposition: inline\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        + PIXEL.replace(b"\r\n", b"\n").replace(b"\n", b"")
        + b"\r\n--b--\r\n"
    )
    said, file = messages(world.mail(raw))
    assert file.content_id == "pic.1@b"
    assert f'src="/files/{file.file.public_id}/' in said.body
    assert "cid:" not in said.body
    assert file.file.name == "Müll (1).png"


def test_attachments_are_stored_whole(world):
    content = bytes(range(256)) * 100
    row = world.mail(attachments=[("bill.pdf", "application/pdf", content)])
    text, file = messages(row)
    assert (text.type, file.type) == ("M", "F")
    assert (file.file.name, file.file.content_type, file.file.size) == (
        "bill.pdf",
        "application/pdf",
        len(content),
    )
    with file.file.open() as stored:
        assert stored.read() == content


def test_what_the_customer_quotes_is_kept_apart(world):
    row = world.mail(text="New words.\n\nOn 1 January 2030, Olga wrote:\n> Old words.\n")
    own, quoted = messages(row)
    assert (own.type, own.body) == ("M", "New words.")
    assert quoted.type == "Q"
    assert "Old words." in quoted.body


def test_a_huge_subject_is_cut_and_nothing_else_is_lost(world):
    row = world.mail(b"From: a@b.example\r\nSubject: " + b"word " * 20_000 + b"\r\n\r\nbody")
    assert len(row.group.ticket.subject) == 500
    assert messages(row)[0].body == "body"


def test_nul_bytes_anywhere_do_not_reach_the_database(world):
    raw = (
        b"From: J\x00ane <j\x00@c.example>\r\nMessage-ID: <a\x00b@c.example>\r\nReferences: <\x00@x>\r\n"
        b"Subject: nu\x00ll =?utf-8?Q?=00?=\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nte\x00xt\r\n\r\nOn 1 May 2030 a wrote:\r\n> q\x00\r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n<p>ht\x00ml&#0;</p><blockquote>q\x00</blockquote>\r\n"
        b'--b\r\nContent-Type: image/pn\x00g; name="n\x00.png"\r\nContent-ID: <c\x00id>\r\n\r\nx\x00\r\n--b--\r\n'
    )
    row = world.mail(raw, sender="e\x00@c.example")
    assert row.state == IncomingMail.State.FILED
    assert "\x00" not in "".join(each.body + each.content_id for each in messages(row))
    assert "null" in row.group.ticket.subject


def test_lone_surrogates_and_wild_bytes_become_a_ticket(world):
    row = world.mail(
        b"From: \xff\xfe <\xed\xa0\x80@c.example>\r\nSubject: \xed\xa0\x80\xff\r\n\r\n\xed\xa0\x80",
        sender="\udcff@c.example",
    )
    assert row.state == IncomingMail.State.FILED


def test_five_hundred_recipients_make_one_ticket(world):
    to = [f"address-{n}@{world.host}" for n in range(500)]
    row = world.mail(to=to)
    assert row.envelope_to == to
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        ({"Auto-Submitted": "auto-replied"}, CUSTOMER),
        ({"Precedence": "bulk"}, CUSTOMER),
        ({}, ""),  # the null sender of a bounce
    ],
)
def test_automatic_mail_into_a_ticket_leaves_its_status(world, headers, sender):
    ticket = world.mail().group.ticket
    world.answer(ticket)
    world.settle()
    row = world.mail(
        sender=sender, headers=headers | {"Subject": f"Re: [{ticket.code}]", "From": CUSTOMER}
    )
    assert row.group.ticket_id == ticket.pk
    assert Ticket.objects.get(pk=ticket.pk).status == Status.ANSWERED


def test_a_long_message_id_is_known_again(world):
    long = "a" * 400 + "@customer.example"
    first = world.mail(headers={"Message-ID": f"<{long}>"})
    again = world.mail(headers={"In-Reply-To": f"<{long}>"})
    assert again.group.ticket_id == first.group.ticket_id


def test_a_mail_of_many_parts_stores_each_once_for_its_message(world):
    files = [(f"{n}.txt", "application/octet-stream", b"the same") for n in range(30)]
    row = world.mail(attachments=files)
    names = [each.file.name for each in messages(row) if each.file]
    assert names == [name for name, _, _ in files]
    digests = StoredFile.objects.annotate(n=Length("sha256")).filter(name__endswith=".txt")
    assert len(set(digests.values_list("sha256", flat=True))) == 1


def test_a_job_that_reads_is_not_quick_and_can_be_claimed(world):
    accept(world, b"Subject: a\r\n\r\nb")
    (job,) = jobs.claim(5, by="test", lease=jobs.timedelta(minutes=1))
    assert (job.name, job.quick) == ("email.understand", False)
