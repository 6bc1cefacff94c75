# ruff: noqa: RUF001  (letters of other scripts are the subject matter)

import pytest

from parley.channels.email.mime import parse
from tests.channels.email.samples import MAILS, expected, paths, raw
from tests.channels.email.wire import texts_of

# path, subject, sender, beginning of the text, names of attachments
KNOWN = [
    ("cpython/msg_01.txt", "This is a test message", "bbb@ddd.com", "Hi,\n\nDo you like", ()),
    (
        "cpython/msg_07.txt",
        "Here is your dingus fish",
        "barry@digicool.com",
        "Hi there,",
        ("dingusfish.gif",),
    ),
    ("cpython/msg_30.txt", "", "aperson@dom.ain", "", ("ee.eml", "ee.eml")),
    ("flanker/8bitmime.eml", "2 RCPT MIME", "bob@example.com", "Превел\n\n123", ()),
    (
        "flanker/attached-pdf.eml",
        "test message via curl - extra content-type (_001_)",
        None,
        "Test - body content",
        ("test.pdf",),
    ),
    (
        "flanker/bilingual-simple.eml",
        "Simple text. How are you? Как ты поживаешь?",
        "hello@example.com",
        "This line is in English\nА эта линия по-русски.",
        (),
    ),
    ("flanker/enclosed.eml", "Wow", "bob@example.net", "Hello", ("thanks.eml",)),
    ("flanker/encoded-header.eml", "hello", "foo.bar@example.com", "hello, world", ()),
    ("flanker/iphone.eml", "Subject", "someone@somewhere.com", "Hello\n\n~Danielle", ("photo.JPG",)),
    ("flanker/missing-final-boundary.eml", "Test", "me@example.com", "Some body", ()),
    ("flanker/missing-boundaries.eml", "", "me@example.com", "Hi This is a broken message", ()),
    ("flanker/no-ctype.eml", "Testing message parsing", "bob@marley.com", "Hello,\nI'm just", ()),
    (
        "flanker/signed.eml",
        "M2Crypto S/MIME testing",
        "sender@example.dom",
        "",
        ("application.bin", "smime.p7s"),
    ),
    (
        "mikel-mail/attachment_content_location.eml",
        "testing",
        "foo@example.com",
        "This is the",
        ("Photo25.jpg",),
    ),
    (
        "mikel-mail/attachment_nonascii_filename.eml",
        "testing",
        "foo@example.com",
        "This is the",
        ("ciële.txt",),
    ),
    (
        "mikel-mail/attachment_only_email.eml",
        "this message JUST contains an attachment",
        "rfinnie@domain.dom",
        "",
        ("blah.gz",),
    ),
    (
        "mikel-mail/attachment_pdf.eml",
        "Another PDF with 🎉 Unicode chars in it 🍿",
        "xxxx@xxxx.com",
        "Just attaching another PDF",
        ("broken.pdf",),
    ),
    (
        "mikel-mail/attachment_with_base64_encoded_name.eml",
        "Fwd: Signed email causes file attachments",
        "xxxxxxxxx.xxxxxxx@gmail.com",
        "We should not include these files",
        ("This is a test.pdf",),
    ),
    (
        "mikel-mail/attachment_with_quoted_filename.eml",
        "Eelanalüüsi päring",
        "jeff@37signals.com",
        "",
        ("Eelanalüüsi päring.jpg",),
    ),
    (
        "mikel-mail/attachment_with_unquoted_name.eml",
        "testing",
        "foo@example.com",
        "This",
        ("This is a test.txt",),
    ),
    (
        "mikel-mail/email_with_similar_boundaries.eml",
        "Xxxxxx",
        "xxxxxx@xxxxxxxx.xxx",
        "Test",
        ("LOGO.png",),
    ),
    ("mikel-mail/japanese.eml", "まみむめも", "raasdnil@gmail.com", "かきくえこ\n\n-- \n", ()),
    (
        "mikel-mail/japanese_attachment.eml",
        "testing",
        "raasdnil@gmail.com",
        "testing\n\n-- ",
        ("てすと.txt",),
    ),
    (
        "mikel-mail/japanese_attachment_long_name.eml",
        "まみむめも" * 10,
        "mikel@test.lindsaar.net",
        "",
        ("かきくけこ" * 5 + ".txt",),
    ),
    ("mikel-mail/japanese_iso_2022.eml", "まみむめも", "raasdnil@gmail.com", "すみません。", ()),
    (
        "mikel-mail/japanese_shift_jis.eml",
        "test",
        "xxxxxxx@docomo.ne.jp",
        "あいうえお\n\nこのメール",
        (),
    ),
    ("mikel-mail/ks_c_5601-1987.eml", "test", "from@example.com", "스티해", ()),
    (
        "mikel-mail/raw_email.eml",
        "NOTE: 한국말로 하는 것",
        "jamis@37signals.com",
        "대부분의 마찬가지로",
        (),
    ),
    (
        "mikel-mail/raw_email_with_nested_attachment.eml",
        "Testing attachments",
        "jamis@37signals.com",
        "Here is a test of an attachment via email.\n\n- Jamis",
        ("truncated.png", "smime.p7s"),
    ),
    (
        "mikel-mail/raw_email_with_quoted_illegal_boundary.eml",
        "Testing outlook",
        "email_test@me.nowhere",
        "Hello\nThis is an outlook test\n\nSo there.\n\nMe.",
        (),
    ),
    (
        "mikel-mail/two_from_in_message.eml",
        "Sending messages include last little bit",
        "tester1@test.com",
        "When sending email:",
        (),
    ),
    (
        "sisimai/lhost-exchange2007-04.eml",
        "Undeliverable: キジトラ・フラッシュ/ニャーン",
        "postmaster@example.jp",
        "Delivery has failed to these recipients",
        ("delivery-status.txt", "キジトラ・フラッシュ ニャーン.eml"),
    ),
    (
        "talon/iphone.eml",
        "Re: Test",
        "xxx@gmail.com",
        "Hello\n\nSent from my iPhone\n\nOn Apr 3, 2012, at",
        (),
    ),
]


@pytest.mark.parametrize("path", MAILS)
def test_every_sample_is_understood_and_can_be_stored(path):
    parsed = parse(raw(path))
    assert parsed.headers
    assert all(
        "\x00" not in text and text.encode("utf-8").decode("utf-8") == text for text in texts_of(parsed)
    )
    assert all(attachment.name for attachment in parsed.attachments)


@pytest.mark.parametrize(
    ("path", "subject", "sender", "text", "attachments"), KNOWN, ids=[row[0] for row in KNOWN]
)
def test_a_sample_is_understood_exactly(path, subject, sender, text, attachments):
    parsed = parse(raw(path))
    assert parsed.subject == subject
    assert (parsed.from_[0].email if parsed.from_ else None) == sender
    assert parsed.text.startswith(text) and bool(parsed.text) == bool(text)
    assert tuple(attachment.name for attachment in parsed.attachments) == attachments


@pytest.mark.parametrize("path", paths("bounce"))
def test_bounces_and_complaints_are_told_from_mail_that_people_write(path):
    if path == "flufl.bounce/bounce_02.txt":
        assert parse(raw(path)).auto == ""  # nothing in its headers says so
        assert parse(raw(path), envelope_sender="").auto == "bounce"
        return
    is_bounce = expected(path).get("is_bounce", True)
    assert parse(raw(path)).auto == ("bounce" if is_bounce else "feedback-report")


@pytest.mark.parametrize("path", paths("reply"))
def test_what_people_write_is_not_automatic(path):
    assert parse(raw(path)).auto == ""
