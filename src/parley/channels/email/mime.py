"""Raw mail becomes a ParsedMail; what real mail does wrong is read as it was meant."""

from datetime import datetime

from parley.channels.email import addresses, automatic, bodies, charsets, dates, headers, parts
from parley.channels.email.addresses import Address
from parley.channels.email.parsed import ParsedMail

_MOST_HEADERS = 2000


def parse(raw: bytes, *, envelope_sender: str | None = None) -> ParsedMail:
    """Understand a mail (RFC 5322, 2045 to 2049, 2231, 6532).

    `envelope_sender` is the address of MAIL FROM, "" for the null sender, None where it is not known.
    Raises Malformed for an empty mail, more than 100 levels or more than 1,000 parts, and nothing else.
    """
    root = parts.read(raw)
    body = bodies.body_of(root)
    sender = _addresses(root, "from")
    return ParsedMail(
        message_id="".join(_ids(root, "message-id")[:1]),
        in_reply_to=_ids(root, "in-reply-to"),
        references=_ids(root, "references"),
        thread_index=_word(root, "thread-index"),
        thread_topic=_text(root, "thread-topic"),
        subject=_text(root, "subject"),
        date=dates.parse_date(_text(root, "date")),
        received=_received(root),
        from_=sender,
        reply_to=_addresses(root, "reply-to"),
        to=_addresses(root, "to"),
        cc=_addresses(root, "cc"),
        return_path=_return_path(root),
        delivered_to=_delivered_to(root),
        text=charsets.storable(body.text()),
        html=body.html(),
        attachments=tuple(body.attachments),
        headers=_all_headers(root),
        auto=automatic.kind_of(root, sender, _null_or_given(root, envelope_sender)),
        defects=tuple(dict.fromkeys([*body.defects, *_structural_defects(root)])),
    )


def _text(root: parts.Part, name: str) -> str:
    return headers.text_of(root.first(name))


def _word(root: parts.Part, name: str) -> str:
    return "".join(_text(root, name).split())


def _ids(root: parts.Part, name: str) -> tuple[str, ...]:
    return headers.message_ids(" ".join(root.all(name)))


def _addresses(root: parts.Part, name: str) -> tuple[Address, ...]:
    """All fields of the name together; the standard allows one, mailers send several."""
    found = (one for value in root.all(name) for one in addresses.parse_addresses(value))
    return tuple(dict.fromkeys(found))


def _received(root: parts.Part) -> datetime | None:
    """Each server puts its Received on top, so the first is the newest; its date follows the last
    semicolon."""
    return dates.parse_date(_text(root, "received").rpartition(";")[2])


def _return_path(root: parts.Part) -> str | None:
    value = _text(root, "return-path")
    if not value:
        return None
    found = addresses.parse_addresses(value)
    return found[0].email if found else ""


def _null_or_given(root: parts.Part, envelope_sender: str | None) -> str | None:
    return (
        _return_path(root)
        if envelope_sender is None and _text(root, "return-path") == "<>"
        else envelope_sender
    )


def _delivered_to(root: parts.Part) -> tuple[str, ...]:
    """Where servers say they delivered it: Delivered-To and its kin, each address once, newest first."""
    fields = (
        "delivered-to",
        "x-original-to",
        "x-delivered-to",
        "envelope-to",
        "x-envelope-to",
        "x-forwarded-to",
    )
    found = (
        one.email
        for name in fields
        for value in root.all(name)
        for one in addresses.parse_addresses(value)
    )
    return tuple(dict.fromkeys(email for email in found if email))


def _all_headers(root: parts.Part) -> tuple[tuple[str, str], ...]:
    fields = list(root.raw_items())[:_MOST_HEADERS]
    return tuple(
        (charsets.storable(headers.eight_bit(name)), headers.text_of(value[: parts.LONGEST_HEADER]))
        for name, value in fields
    )


def _structural_defects(root: parts.Part) -> list[str]:
    found = [type(defect).__name__ for part in root.walk() for defect in part.defects]
    singles = ("from", "subject", "date", "message-id", "to", "content-type")
    return found + [f"several-{name}" for name in singles if len(list(root.all(name))) > 1]
