import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley.channels.email.mime import parse
from parley.channels.email.parsed import Malformed
from tests.channels.email.samples import MAILS, raw
from tests.channels.email.wire import multipart, text_part, texts_of

HANGS = 60.0  # seconds of this process: what backtracks takes hours, what does not takes one or two

QUICK = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_only_nothing_and_the_limits_are_refused():
    for nothing in (b"", b"\r\n\r\n", b"\x00\x00 \n"):
        with pytest.raises(Malformed) as refused:
            parse(nothing)
        assert refused.value.code == "empty"
    many = multipart("mixed", *[text_part("x")] * 1000)
    with pytest.raises(Malformed) as refused:
        parse(many)
    assert refused.value.code == "too-many-parts"
    assert len(parse(multipart("mixed", *[text_part("x")] * 999)).text.split()) == 999


def nested(levels):
    content = text_part("core")
    for level in range(levels - 1):
        content = multipart("mixed", content, boundary=f"b{level}x")
    return content


def test_nesting_is_read_down_to_a_hundred_levels():
    assert parse(nested(100)).text == "core"
    for levels in (101, 3000):
        with pytest.raises(Malformed) as refused:
            parse(nested(levels))
        assert refused.value.code == "too-deep"


@pytest.mark.parametrize(
    "hostile",
    [
        b"Subject: " + b"=?a?b?" * 100_000 + b"\r\n\r\nx",
        b"To: " + b'"\\"' * 100_000 + b"\r\n\r\nx",
        b"To: " + b"((((" * 50_000 + b"\r\n\r\nx",
        b"To: " + b"<" * 200_000 + b"\r\n\r\nx",
        b"To: " + b"a@b:" * 50_000 + b"\r\n\r\nx",
        b"To: " + b"a," * 100_000 + b"\r\n\r\nx",
        b"References: " + b"<" * 200_000 + b"\r\n\r\nx",
        b"Content-Type: text/plain" + b";a" * 100_000 + b"\r\n\r\nx",
        b"Content-Type: text/plain;" + b"a" * 200_000 + b"\r\n\r\nx",
        b"Date: " + b"1 " * 100_000 + b"\r\n\r\nx",
        b"X: y\r\n" * 50_000 + b"\r\nx",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 200_000,
        b"Content-Transfer-Encoding: base64\r\nContent-Type: image/png\r\n\r\n" + b"A=" * 1_000_000,
        b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000,
        b"Content-Type: text/plain\r\n\r\n" + b"\xfc" * 500_000,
    ],
    ids=range(15),
)
def test_hostile_mail_is_read_or_refused_within_seconds(hostile):
    started = time.process_time()
    try:
        parse(hostile)
    except Malformed as refused:
        assert refused.code in {"too-many-parts", "too-deep"}
    assert time.process_time() - started < HANGS


@QUICK
@given(st.binary(max_size=2000))
def test_any_bytes_are_understood_or_refused(content):
    try:
        parsed = parse(content)
    except Malformed as refused:
        assert refused.code == "empty"
        return
    assert all(text.encode("utf-8") is not None and "\x00" not in text for text in texts_of(parsed))


SMALL = [path for path in MAILS if len(raw(path)) < 12_000]


@QUICK
@given(st.sampled_from(SMALL), st.data())
def test_damaged_samples_are_understood_or_refused(path, data):
    content = bytearray(raw(path))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(0, 40))
        content[at : at + length] = data.draw(
            st.one_of(
                st.binary(max_size=10),
                st.sampled_from([b"", b"=?", b"?=", b"\r\n", b'"', b"<", b"--", b";", b"*0*="]),
            )
        )
    if bytes(content).strip(b"\x00\r\n\t "):
        assert all(text.encode("utf-8") is not None for text in texts_of(parse(bytes(content))))


FIELDS = st.sampled_from(
    [
        "From",
        "To",
        "Subject",
        "Date",
        "Content-Type",
        "Content-Disposition",
        "Content-Transfer-Encoding",
        "Content-ID",
    ]
)
PIECES = st.sampled_from(
    [
        "multipart/mixed",
        "text/html",
        "text/plain",
        "message/rfc822",
        "boundary=b",
        "charset=",
        "utf-16",
        "utf-7",
        "idna",
        "base64",
        "uuencode",
        "; ",
        '"',
        "<a@b>",
        "=?utf-8?b?",
        "?=",
        "name*0*=",
        "''",
        "%ff",
        "\x00",
        "é",
        ":",
        "rot13",
        "filename=",
        "attachment",
        "format=flowed",
        "[",
        "]",
        "@",
        ",",
        "application/ms-tnef",
        "undefined",
    ]
)


@QUICK
@given(st.lists(st.tuples(FIELDS, st.lists(PIECES, max_size=6)), max_size=8), st.binary(max_size=200))
def test_odd_headers_are_understood(fields, body):
    lines = [f"{name}: {''.join(pieces)}".encode("utf-8", "surrogateescape") for name, pieces in fields]
    content = b"\r\n".join([b"X: y", *lines, b"", b"--b", *lines, b"", body, b"--b--"])
    assert all(text.encode("utf-8") is not None for text in texts_of(parse(content)))
