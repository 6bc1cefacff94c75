# ruff: noqa: RUF001  (letters of other scripts are the subject matter)

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.channels.email.addresses import Address
from parley.channels.email.compose import Draft, Quoted, code_in, compose, needs_smtputf8, reply_subject
from parley.channels.email.mime import parse
from parley.channels.email.parsed import Attachment
from parley.channels.email.quotes import split_reply
from parley.channels.email.quotes_html import split_reply_html

NOON = datetime(2030, 1, 2, 12, 0, tzinfo=UTC)
DRAFT = Draft(
    from_=Address("Acme Help", "help@acme.example"),
    to=(Address("Jane Doe", "jane@example.com"),),
    subject="Your order",
    text="Hello Jane,\n\nit is on its way.",
    message_id="t1.m2@acme.example",
    date=NOON,
)
PICTURE = Attachment("a.png", "image/png", b"\x89PNG\r\n\x00", "pic1@acme.example", inline=True)


def test_a_plain_mail_is_written_like_this():
    assert compose(DRAFT) == (
        b"Date: Wed, 02 Jan 2030 12:00:00 +0000\r\n"
        b"From: Acme Help <help@acme.example>\r\n"
        b"To: Jane Doe <jane@example.com>\r\n"
        b"Subject: Your order\r\n"
        b"Message-ID: <t1.m2@acme.example>\r\n"
        b"MIME-Version: 1.0\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: quoted-printable\r\n"
        b"\r\n"
        b"Hello Jane,\r\n\r\nit is on its way."
    )


def test_everything_in_one_mail_has_the_structure_that_readers_expect():
    mail = replace(
        DRAFT,
        html='<p>Look: <img src="cid:pic1@acme.example"></p>',
        attachments=(PICTURE, Attachment("čaj.pdf", "application/pdf", b"%PDF")),
        cc=(Address("", "bob@example.com"),),
        reply_to=Address("Acme", "t-abc@acme.example"),
        in_reply_to="<their.1@example.com>",
        references=("their.0@example.com", "their.1@example.com"),
        headers=(("Auto-Submitted", "auto-replied"), ("X-Parley", "é")),
    )
    tree = message_from_bytes(compose(mail), policy=policy.default)
    kinds = [part.get_content_type() for part in tree.walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]
    assert tree["In-Reply-To"] == "<their.1@example.com>"
    assert tree["References"] == "<their.0@example.com> <their.1@example.com>"
    assert tree["Auto-Submitted"] == "auto-replied" and tree["X-Parley"] == "é"
    assert [part.get_filename() for part in tree.iter_attachments()] == ["čaj.pdf"]
    parsed = parse(compose(mail))
    assert parsed.defects == ()
    assert parsed.attachments == mail.attachments
    assert parsed.reply_to == (mail.reply_to,) and parsed.cc == mail.cc
    assert (parsed.text, parsed.html) == (mail.text, mail.html)
    assert parsed.auto == "auto-reply"
    assert compose(mail) == compose(mail)


def test_the_quoted_message_is_found_again_in_an_answer():
    quoted = Quoted("Le 1er janvier 2030, Jane a écrit :", "First?\n> Older", "<p>First?</p>")
    parsed = parse(compose(replace(DRAFT, html="<p>Yes.</p>", text="Yes.", quoted=quoted)))
    assert parsed.text == "Yes.\n\nLe 1er janvier 2030, Jane a écrit :\n> First?\n>> Older"
    assert split_reply(parsed.text).new == "Yes."
    new, old = split_reply_html(parsed.html)
    assert new.strip() == "<p>Yes.</p>" and "First?" in old and "Jane a écrit" in old


def test_a_forwarded_mail_is_attached_unencoded():
    inner = b"Subject: x\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\nbody\r\n--q--"
    mail = replace(DRAFT, attachments=(Attachment("x.eml", "message/rfc822", inner),))
    assert inner in compose(mail)
    assert parse(compose(mail)).attachments == mail.attachments
    eight_bit = replace(DRAFT, attachments=(Attachment("x.eml", "message/rfc822", b"\xc3\xa9"),))
    (attachment,) = parse(compose(eight_bit)).attachments
    assert (attachment.content, attachment.content_type) == (b"\xc3\xa9", "application/octet-stream")


def test_the_border_is_not_in_an_attached_mail():
    border = re.search(rb'boundary="([^"]+)"', compose(replace(DRAFT, attachments=(PICTURE,))))[1]
    inner = b"Subject: trap\r\n\r\n--" + border + b"--\r\nlost?"
    mail = replace(DRAFT, attachments=(Attachment("trap.eml", "message/rfc822", inner),))
    assert parse(compose(mail)).attachments == mail.attachments


def test_no_field_can_be_smuggled_in():
    evil = "Hi\r\nBcc: all@example.com\n\nbody\x00\u2028\x85x"
    mail = replace(
        DRAFT,
        subject=evil,
        from_=Address(evil, "help@acme.example"),
        headers=(("X-Note", evil),),
        attachments=(Attachment(evil, evil, b"x", content_id=evil),),
    )
    parsed = parse(compose(mail))
    assert parsed.subject == "Hi Bcc: all@example.com body x"
    assert parsed.from_[0] == Address("Hi Bcc: all@example.com body x", "help@acme.example")
    assert parsed.header("Bcc") == "" and parsed.text == DRAFT.text
    assert [one.content_type for one in parsed.attachments] == ["application/octet-stream"]


@pytest.mark.parametrize(
    "change",
    [
        {"from_": Address("", "nobody")},
        {"to": (Address("", "a@b.example\r\nBcc: c@d.example"),)},
        {"to": (Address("", "a@b.example>, <c@d.example"),)},
        {"to": ()},
        {"date": datetime(2030, 1, 2)},
        {"message_id": ""},
        {"message_id": "a b@c"},
        {"message_id": "a>\r\nX: y"},
        {"headers": (("Bcc", "x@example.com"),)},
        {"headers": (("content-type", "text/html"),)},
        {"headers": (("X: y\r\nZ", "w"),)},
    ],
)
def test_what_would_be_a_broken_mail_is_refused(change):
    with pytest.raises(ValueError):
        compose(replace(DRAFT, **change))


def test_references_are_the_first_and_the_last_below_900_characters():
    ids = tuple(f"{number:04}.abcdefgh@mail.example.com" for number in range(300))
    field = re.search(rb"References: (?:.+\r\n)(?: .+\r\n)*", compose(replace(DRAFT, references=ids)))[0]
    assert len(field) < 900
    kept = parse(compose(replace(DRAFT, references=ids))).references
    assert kept[0] == ids[0] and kept[1:] == ids[-len(kept) + 1 :] and len(kept) == 21
    long = (ids[0], "x" * 5000 + "@example.com", *(f"{n}{'y' * 150}@example.com" for n in range(30)))
    kept = parse(compose(replace(DRAFT, references=long))).references
    assert kept[0] == ids[0] and kept[-1] == long[-1] and len(kept) == 6


def test_smtputf8_is_needed_only_for_local_parts():
    assert not needs_smtputf8(replace(DRAFT, from_=Address("Žofia", "z@bücher.example"), subject="Č"))
    mail = replace(DRAFT, to=(Address("Jané", "jané@example.com"),))
    assert needs_smtputf8(mail)
    assert 'To: "Jané" <jané@example.com>\r\n'.encode() in compose(mail)
    assert parse(compose(mail)).to == mail.to


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=0, max_size=90
).map(lambda name: name.strip("'\"<> "))
ADDRESSES = st.builds(
    Address,
    NAMES,
    st.sampled_from(
        [
            "a@example.com",
            "Jane.Doe+x@mail.example.com",
            '"odd one"@example.com',
            "o'hara@xn--bcher-kva.example",
        ]
    ),
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=400)
IDS = st.from_regex(r"[a-z0-9.]{1,60}@[a-z]{1,20}\.example", fullmatch=True)
FILES = st.builds(
    Attachment,
    st.text(st.characters(codec="utf-8", categories=["L", "Nd"]), min_size=1, max_size=100).map(
        lambda name: unicodedata.normalize("NFC", name)[:100] + ".dat"
    ),
    st.sampled_from(
        ["application/pdf", "image/png", "text/plain", "text/html", "application/octet-stream"]
    ),
    st.binary(max_size=300),
)
DRAFTS = st.builds(
    Draft,
    from_=ADDRESSES,
    to=st.lists(ADDRESSES, min_size=1, max_size=4).map(tuple),
    cc=st.lists(ADDRESSES, max_size=3).map(tuple),
    reply_to=st.none() | ADDRESSES,
    subject=st.text(st.characters(codec="utf-8"), max_size=300),
    text=TEXTS,
    html=st.none() | TEXTS.map(lambda text: f"<p>{text}</p>x"),
    message_id=IDS,
    in_reply_to=st.just("") | IDS,
    references=st.lists(IDS, max_size=5, unique=True).map(tuple),
    attachments=st.lists(FILES, max_size=3).map(tuple),
    date=st.datetimes(
        datetime(1990, 1, 1), datetime(2190, 1, 1), timezones=st.just(timezone(timedelta(hours=-3)))
    ),
)


def blanks_collapsed(text):
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text).split())


def distinct(addresses):
    return tuple(dict.fromkeys(addresses))


@settings(deadline=None, max_examples=200)
@given(DRAFTS)
def test_what_was_composed_is_parsed_as_it_was_meant(draft):
    raw = compose(draft)
    parsed = parse(raw)
    assert raw.isascii() and max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"") and b"\r" not in raw.replace(b"\r\n", b"")
    assert parsed.from_ == (draft.from_,)
    assert parsed.to == distinct(draft.to) and parsed.cc == distinct(draft.cc)
    assert parsed.reply_to == ((draft.reply_to,) if draft.reply_to else ())
    assert blanks_collapsed(parsed.subject) == blanks_collapsed(draft.subject)
    assert parsed.attachments == draft.attachments
    assert parsed.date == draft.date.replace(microsecond=0)
    assert parsed.message_id == draft.message_id
    assert parsed.references == draft.references
    assert "".join(parsed.in_reply_to) == draft.in_reply_to
    if draft.text.strip():
        assert parsed.text == draft.text.removeprefix("\ufeff").strip("\n")
    assert (parsed.html or "") == (draft.html or "")


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Order", "Re: Order [ABC-DEFGH-123]"),
        ("Re: Order", "Re: Order [ABC-DEFGH-123]"),
        ("RE: AW: SV: Fwd: Order", "Re: Order [ABC-DEFGH-123]"),
        ("Re[2]: Re(3): Re^4: Order", "Re: Order [ABC-DEFGH-123]"),
        ("回复：Odp: WG: Order", "Re: Order [ABC-DEFGH-123]"),
        ("Re: Order [ABC-DEFGH-123]", "Re: Order [ABC-DEFGH-123]"),
        ("Re: [ABC-DEFGH-123] Re: Order [XYZ-DEFGH-999]", "Re: Order [ABC-DEFGH-123]"),
        ("  Re :\n Order\t now ", "Re: Order now [ABC-DEFGH-123]"),
        ("", "Re: [ABC-DEFGH-123]"),
        ("Release: now", "Re: Release: now [ABC-DEFGH-123]"),
        ("Retour : produit", "Re: Retour : produit [ABC-DEFGH-123]"),
    ],
)
def test_the_subject_of_an_answer_has_one_prefix_and_one_code(subject, answer):
    assert reply_subject(subject, "ABC-DEFGH-123") == answer
    assert reply_subject(answer, "ABC-DEFGH-123") == answer
    assert code_in(answer) == "ABC-DEFGH-123"


def test_without_a_code_there_are_no_brackets():
    assert reply_subject("Fwd: Order", "") == "Re: Order"
    assert reply_subject("", "") == "Re:"


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("Re: Order [BCD-FGHJK-123]", "BCD-FGHJK-123"),
        ("my ticket bcd-fghjk-123 please", "BCD-FGHJK-123"),
        ("ZZZ-ZZZZZ-999 [BCD-FGHJK-123]", "BCD-FGHJK-123"),
        ("Re: [Ticket #BCD-FGHJK-123] x", "BCD-FGHJK-123"),
        ("XBCD-FGHJK-123", None),
        ("BCD-FGHJK-1234", None),
        ("BCD-FGHJK-123-4", None),
        ("Order 123", None),
        ("", None),
    ],
)
def test_a_ticket_code_is_found_in_a_subject(subject, code):
    assert code_in(subject) == code
