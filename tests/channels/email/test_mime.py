import base64
import struct
from datetime import UTC, datetime

import pytest

from parley.channels.email.addresses import Address
from parley.channels.email.mime import parse
from parley.channels.email.parsed import Attachment
from tests.channels.email.samples import raw
from tests.channels.email.wire import mail, multipart, text_part


@pytest.mark.parametrize(
    ("headers", "auto"),
    [
        (["Auto-Submitted: auto-replied (vacation)"], "auto-reply"),
        (["Auto-Submitted: auto-generated", "In-Reply-To: <a@b.example>"], "auto-reply"),
        (["Auto-Submitted: auto-generated"], "bulk"),
        (["Auto-Submitted: no"], ""),
        (["X-Autoreply: yes"], "auto-reply"),
        (["Precedence: auto_reply"], "auto-reply"),
        (["Precedence: bulk"], "bulk"),
        (["X-Auto-Response-Suppress: DR, OOF, AutoReply"], "bulk"),
        (["List-Id: Gardeners <gardeners.lists.example>", "Precedence: bulk"], "list"),
        (["List-Unsubscribe: <mailto:off@example.com>"], "bulk"),
        (["X-Failed-Recipients: jane@example.com"], "bounce"),
        (["Return-Path: <>"], "bounce"),
        (["Return-Path: <>", "Auto-Submitted: auto-replied"], "auto-reply"),
        (["From: Mail Delivery <MAILER-DAEMON@mx.example.com>"], "bounce"),
        (["From: postmaster@example.com", "Subject: Office hours"], ""),
        (
            ["Content-Type: multipart/report; report-type=disposition-notification; boundary=x"],
            "auto-reply",
        ),
    ],
)
def test_automatic_mail_is_told_by_its_headers(headers, auto):
    assert parse(mail(*headers, body=b"x")).auto == auto


def test_the_sender_can_be_missing_double_or_eight_bit():
    assert parse(raw("flanker/attached-pdf.eml")).from_ == ()
    both = parse(mail("From: a@example.com", "From: B <b@example.com>"))
    assert both.from_ == (Address("", "a@example.com"), Address("B", "b@example.com"))
    assert "several-from" in both.defects
    assert parse(raw("flanker/from-encoding.eml")).from_[0].name == "Ingo Lütkebohle"
    assert parse(mail("From: Žofia Šťastná <z@example.sk>".encode())).from_[0].name == "Žofia Šťastná"


def test_ids_are_cleaned_and_kept_in_order():
    parsed = parse(
        mail(
            "Message-ID:  < a.1@example.com >",
            "In-Reply-To: Your message of Monday <q@example.com>",
            "References: <one@x.example><two@x.example>\r\n\t<one@x.example> <three@\r\n x.example>",
            "Thread-Index: AQHW\r\n 5abc=",
        )
    )
    assert parsed.message_id == "a.1@example.com"
    assert parsed.in_reply_to == ("q@example.com",)
    assert parsed.references == ("one@x.example", "two@x.example", "three@x.example")
    assert parsed.thread_index == "AQHW5abc="
    assert parse(mail("Message-ID: bare@example.com")).message_id == "bare@example.com"
    assert parse(mail("Subject: x")).message_id == ""


def test_apple_texts_between_pictures_are_one_body_in_order():
    picture = mail("Content-Type: image/png; name=a.png", "Content-Disposition: inline", body=b"png")
    parsed = parse(multipart("mixed", text_part("Before"), picture, text_part("After")))
    assert parsed.text == "Before\n\nAfter"
    assert parsed.html is None
    assert parsed.attachments == (Attachment("a.png", "image/png", b"png"),)


def test_alternatives_give_the_text_and_the_html_and_keep_the_invitation():
    calendar = mail("Content-Type: text/calendar; method=REQUEST", body=b"BEGIN:VCALENDAR")
    amp = mail("Content-Type: text/x-amp-html", body=b"<html amp4email>")
    parsed = parse(
        multipart("alternative", text_part("Hi"), amp, text_part("<p>Hi</p>", "html"), calendar)
    )
    assert (parsed.text, parsed.html) == ("Hi", "<p>Hi</p>")
    assert [(one.name, one.content) for one in parsed.attachments] == [
        ("invite.ics", b"BEGIN:VCALENDAR")
    ]


def test_a_picture_is_inline_only_where_the_html_shows_it():
    shown = mail("Content-Type: image/png", "Content-ID: <A@x>", body=b"1")
    other = mail("Content-Type: image/png", "Content-ID: <b@x>", body=b"2")
    html = text_part('<img src="cid:a@x">', "html")
    parsed = parse(multipart("related", html, shown, other))
    assert [(one.content_id, one.inline) for one in parsed.attachments] == [
        ("A@x", True),
        ("b@x", False),
    ]


def test_an_empty_html_version_does_not_hide_the_text():
    parsed = parse(
        multipart("alternative", text_part("Words"), text_part("<html><body></body></html>", "html"))
    )
    assert (parsed.text, parsed.html) == ("Words", None)


def test_html_alone_is_made_into_text():
    assert parse(text_part("<p>One</p><p>Two &amp; three</p>", "html")).text.split() == [
        "One",
        "Two",
        "&",
        "three",
    ]


def test_a_forwarded_mail_is_kept_byte_by_byte():
    inner = mail("Subject: =?utf-8?q?Bo=C5=88?=", "X-Odd:   spaced", body=b"line\r\n-- \r\nx")
    parsed = parse(
        multipart("mixed", text_part("See below"), mail("Content-Type: message/rfc822", body=inner))
    )
    assert parsed.attachments == (Attachment("Boň.eml", "message/rfc822", inner),)


def test_flowed_text_is_unwrapped_and_signatures_stay():
    flowed = "A long \nparagraph.\n>> quoted \n>> on\n stuffed\n-- \nName"
    parsed = parse(mail("Content-Type: text/plain; format=flowed", body=flowed.encode()))
    assert parsed.text == "A long paragraph.\n>> quoted on\nstuffed\n-- \nName"
    parsed = parse(mail("Content-Type: text/plain; format=flowed; delsp=yes", body="あい \nう".encode()))
    assert parsed.text == "あいう"


@pytest.mark.parametrize(
    ("encoding", "content", "text"),
    [
        ("base64", b"SGVsbG8", "Hello"),
        ("base64", b"SGVs\r\n*bG8=\r\n", "Hello"),
        ("base64", b"SGVs\r\nbG8=IQ==", "Hello!"),
        ("base64", b"This was never encoded at all, was it?", "This was never encoded at all, was it?"),
        ("quoted-printable", b"caf=C3=A9 =ZZ 50%=\r\n!", "café =ZZ 50%!"),
        ("Quoted-Printable ", b"=41", "A"),
        ("x-nonsense", b"plain", "plain"),
        ("\xff\xfe", b"plain", "plain"),
    ],
)
def test_broken_transfer_encodings_are_read_as_meant(encoding, content, text):
    headers = (
        "Content-Type: text/plain; charset=utf-8",
        b"Content-Transfer-Encoding: " + encoding.encode("latin-1"),
    )
    assert parse(mail(*headers, body=content)).text == text


def test_borders_that_never_come_leave_the_text():
    parsed = parse(mail("Content-Type: multipart/mixed; boundary=gone", body=b"Words"))
    assert parsed.text == "Words" and "no-borders" in parsed.defects
    parsed = parse(mail("Content-Type: multipart/mixed", body=b"Words"))
    assert parsed.text == "Words"


def test_the_dates_are_those_of_the_sender_and_of_the_last_server():
    parsed = parse(
        mail(
            "Received: from a by b; Tue, 3 Apr 2012 12:00:05 +0000 (UTC)",
            "Received: from x by a; Tue, 3 Apr 2012 11:59:00 +0000",
            "Date: Tue, 03 Apr 2012 15:00:00 +0300",
        )
    )
    assert parsed.date == datetime(2012, 4, 3, 12, 0, tzinfo=UTC)
    assert parsed.received == datetime(2012, 4, 3, 12, 0, 5, tzinfo=UTC)


def test_where_it_was_delivered_is_listed_once():
    parsed = parse(
        mail(
            "Delivered-To: help@acme.example",
            "X-Original-To: Help@ACME.example",
            "Envelope-To: sales@acme.example",
        )
    )
    assert parsed.delivered_to == ("help@acme.example", "Help@acme.example", "sales@acme.example")


def test_the_files_in_winmail_dat_are_unpacked():
    def attribute(level, identifier, content):
        checksum = sum(content) & 0xFFFF
        return (
            struct.pack("<BII", level, identifier, len(content)) + content + struct.pack("<H", checksum)
        )

    name = "Überblick.pdf".encode("utf-16-le") + b"\0\0"
    padded = name + b"\0" * (-len(name) % 4)
    properties = struct.pack("<IHHII", 1, 0x1F, 0x3707, 1, len(name)) + padded
    tnef = struct.pack("<IH", 0x223E9F78, 1)
    tnef += attribute(2, 0x00069002, b"\0" * 14) + attribute(2, 0x00018010, b"UBERBL~1.PDF\0")
    tnef += attribute(2, 0x0006800F, b"%PDF-1") + attribute(2, 0x00069005, properties)
    packed = base64.encodebytes(tnef)
    part = mail(
        "Content-Type: application/ms-tnef; name=winmail.dat",
        "Content-Transfer-Encoding: base64",
        body=packed,
    )
    parsed = parse(multipart("mixed", text_part("See file"), part))
    assert [(one.name, one.content) for one in parsed.attachments] == [("Überblick.pdf", b"%PDF-1")]
    broken = mail("Content-Type: application/ms-tnef", body=tnef[:3])
    assert [one.name for one in parse(broken).attachments] == ["winmail.dat"]
