import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.channels.email.addresses import Address, is_address, normalise, parse_addresses
from parley.channels.email.dates import parse_date


@pytest.mark.parametrize(
    ("field", "addresses"),
    [
        ("jane@example.com", [("", "jane@example.com")]),
        ("Jane Doe <jane@Example.COM>", [("Jane Doe", "jane@example.com")]),
        (
            '"Doe, Jane" <jane@example.com>, bob@example.com',
            [("Doe, Jane", "jane@example.com"), ("", "bob@example.com")],
        ),
        ("Doe, Jane <jane@example.com>", [("Doe, Jane", "jane@example.com")]),
        ("a@x.example; B <b@x.example>;", [("", "a@x.example"), ("B", "b@x.example")]),
        ("jane@example.com (Jane Doe)", [("Jane Doe", "jane@example.com")]),
        ("Jane (work) <jane@example.com>", [("Jane", "jane@example.com")]),
        ("=?utf-8?Q?M=C3=BCller=2C_Jan?= <jan@example.de>", [("Müller, Jan", "jan@example.de")]),
        ('"=?utf-8?Q?M=C3=BCller?=" <jan@example.de>', [("Müller", "jan@example.de")]),
        ('"O\\"Hara \\\\ Co" <o@example.com>', [('O"Hara \\ Co', "o@example.com")]),
        ("'Jane' <jane@example.com>", [("Jane", "jane@example.com")]),
        ("jane@example.com <jane@example.com>", [("", "jane@example.com")]),
        ("<<jane@example.com>>", [("", "jane@example.com")]),
        ("mailto:jane@example.com", [("", "jane@example.com")]),
        ("<@relay.example:jane@example.com>", [("", "jane@example.com")]),
        ("undisclosed-recipients:;", []),
        (
            "Friends: a@x.example, B <b@x.example>;, c@x.example",
            [("", "a@x.example"), ("B", "b@x.example"), ("", "c@x.example")],
        ),
        ("jane@\u200bexample.com\u200e", [("", "jane@example.com")]),
        ("jane@bücher.example", [("", "jane@xn--bcher-kva.example")]),
        ("Jané <jané@example.com>", [("Jané", "jané@example.com")]),
        ('"two words"@example.com', [("", '"two words"@example.com')]),
        ("docomo..user.@docomo.ne.jp", [("", "docomo..user.@docomo.ne.jp")]),
        ("root@localhost", [("", "root@localhost")]),
        ("x@[192.0.2.1]", [("", "x@[192.0.2.1]")]),
        ("a\r\n @example.com", [("", "a@example.com")]),
        ("", []),
        (" , ;", []),
    ],
)
def test_address_fields_are_read_as_meant(field, addresses):
    assert parse_addresses(field) == tuple(Address(*one) for one in addresses)


@pytest.mark.parametrize(
    "writing", ["nobody", "Jane <not an address>", "@b", "Support Team", "x@-bad-.example"]
)
def test_what_is_no_address_is_kept_as_written(writing):
    (address,) = parse_addresses(writing)
    assert (address.email, address.raw) == ("", writing)


def test_addresses_compare_by_their_normal_form():
    assert normalise("Jane.DOE@Bücher.Example") == "jane.doe@xn--bcher-kva.example"
    assert normalise(" <mailto:Jane@example.com> ") == "jane@example.com"
    assert Address("", "STRASSE@example.com").key == normalise("straße@example.com")
    assert normalise("nobody") == ""


@pytest.mark.parametrize(
    "email", ["a@b.example", "a.b+c@example.com", '"a b"@x.example', "é@x.example", "a@é.example"]
)
def test_addresses_that_mail_can_be_sent_to(email):
    assert is_address(email)


@pytest.mark.parametrize(
    "email",
    [
        "",
        "a",
        "@x.example",
        "a@",
        "a b@x.example",
        "a@x.example\r\nBcc: b@x.example",
        "a@x.example\n",
        "a..b@x.example",
        "a@x..example",
        "a@-x.example",
        "a@x.example,b@x.example",
        "<a@x.example>",
        "a@" + "x." * 130 + "example",
        "a" * 65 + "@x.example",
        "a\u200b@x.example",
        "a@b@c.example",
        "a@x_\x00.example",
        "a@�.example",
    ],
)
def test_addresses_that_mail_cannot_be_sent_to(email):
    assert not is_address(email)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=120) | st.text('a@<>",;:()\\ .=?utf-8bq[]', max_size=120))
def test_any_text_is_read_and_gives_storable_addresses(text):
    for address in parse_addresses(text):
        assert address.email == "" or address.key == normalise(address.email) != ""
        assert bool(address.email) != bool(address.raw) or not address.raw
        assert "\n" not in address.name + address.email + address.raw
        (address.name + address.email + address.raw).encode("utf-8")


@pytest.mark.parametrize(
    ("field", "instant"),
    [
        ("Tue, 3 Apr 2012 16:19:00 +0400", "2012-04-03T12:19:00"),
        ("Tue, 3 Apr 2012 16:19:00 +0400 (MSK)", "2012-04-03T12:19:00"),
        ("3 Apr 12 16:19 GMT", "2012-04-03T16:19:00"),
        ("Tue, 03 Apr 2012 16:19:00", "2012-04-03T16:19:00"),
        ("Tue, 03 Apr 2012 16:19:60 +0000", "2012-04-03T16:19:59"),
        ("Tue, 03 Apr 2012 24:00:00 +0000", "2012-04-04T00:00:00"),
        ("Tue Apr  3 16:19:00 2012", "2012-04-03T16:19:00"),
        ("Tue, 03 Apr 2012 04:19:00 PM -0500", "2012-04-03T21:19:00"),
        ("2012-04-03T16:19:00.123+02:00", "2012-04-03T14:19:00"),
        ("2012-04-03 16:19:00", "2012-04-03T16:19:00"),
        ("Di, 3 Mai 2012 16:19:00 +0200", "2012-05-03T14:19:00"),
        ("вт, 3 апреля 2012 16:19:00 +0400", "2012-04-03T12:19:00"),
        ("Tue, 03 Apr 2012 16:19:00 +9900", "2012-04-03T16:19:00"),
    ],
)
def test_dates_of_many_mailers_are_read(field, instant):
    assert parse_date(field).isoformat() == f"{instant}+00:00"


@pytest.mark.parametrize(
    "field", ["", "yesterday", "Tue, 99 Apr 2012 16:19", "1 Jan 1904 00:00:00 +0000", "0 0 0 0:0:0"]
)
def test_what_is_no_date_is_none(field):
    assert parse_date(field) is None


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=60) | st.text("0123456789:-+ TZJanMay,/.", max_size=60))
def test_any_text_is_a_date_or_none(text):
    found = parse_date(text)
    assert found is None or 1980 <= found.year < 2200


def test_a_quoted_name_may_hold_angle_brackets():
    [found] = parse_addresses('"0<>0 <b@c.example>" <a@example.com>')
    assert (found.name, found.email) == ("0<>0 <b@c.example>", "a@example.com")
