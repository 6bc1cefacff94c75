"""A Draft becomes the bytes of a mail that every server takes and every reader shows (RFC 5322,
2045 to 2047, 2387)."""

import base64
import hashlib
import quopri
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html import escape

from parley.channels.email.addresses import Address
from parley.channels.email.field_writing import (
    address_field,
    folded,
    id_field,
    message_id_field,
    parameter,
    references_field,
    text_field,
)
from parley.channels.email.parsed import Attachment
from parley.channels.email.subjects import code_in, reply_subject
from parley.kernel.html import from_text, to_text

__all__ = ["Draft", "Quoted", "code_in", "compose", "needs_smtputf8", "reply_subject"]

_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,80}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")
_OWN_FIELDS = {"from", "to", "cc", "bcc", "reply-to", "sender", "subject", "date", "mime-version"}
_OWN_FIELDS |= {"message-id", "in-reply-to", "references", "return-path", "received"}
_QUOTE_STYLE = "margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex"
_NO_CONTENT_ID = re.compile(r"[^A-Za-z0-9.!#$%&'*+/=?^_`{|}~@-]+")


@dataclass(frozen=True)
class Quoted:
    """An earlier message to append. `sentence` says who wrote when, in the reader's language."""

    sentence: str
    text: str
    html: str | None = None


@dataclass(frozen=True)
class Draft:
    """A mail to be sent.

    Message ids with or without angle brackets. `date` is aware. `html` is already safe; without it
    the mail is plain.
    Without `text` the text is made from the HTML. `headers` are further fields, for instance
    Auto-Submitted.
    """

    from_: Address
    to: tuple[Address, ...]
    subject: str
    text: str
    message_id: str
    date: datetime
    html: str | None = None
    cc: tuple[Address, ...] = ()
    reply_to: Address | None = None
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    quoted: Quoted | None = None


@dataclass(frozen=True)
class _Entity:
    """A MIME entity: its own fields and its encoded content."""

    fields: tuple[str, ...]
    content: bytes

    def __bytes__(self) -> bytes:
        return "\r\n".join(self.fields).encode("utf-8") + b"\r\n\r\n" + self.content


def compose(mail: Draft) -> bytes:
    """The mail with CRLF line ends, no line above 998 bytes, 7-bit unless an address needs SMTPUTF8.

    The same draft gives the same bytes. Raises ValueError for an address, message id or field name
    that is none,
    for a naive date, for a mail to nobody, and for a field in `headers` that the draft itself governs.
    """
    entity = _body(mail)
    fields = [*_fields(mail), "MIME-Version: 1.0", *entity.fields]
    return bytes(_Entity(tuple(field for field in fields if field), entity.content))


def needs_smtputf8(mail: Draft) -> bool:
    """Whether a server without SMTPUTF8 (RFC 6531) cannot take the mail: a local part is not ASCII."""
    everybody = (mail.from_, *mail.to, *mail.cc, *((mail.reply_to,) if mail.reply_to else ()))
    return not all(address.email.rpartition("@")[0].isascii() for address in everybody)


def _fields(mail: Draft) -> list[str]:
    if mail.date.tzinfo is None:
        raise ValueError("a date without a zone")
    if not mail.to and not mail.cc:
        raise ValueError("a mail to nobody")
    raw = needs_smtputf8(mail)
    return [
        f"Date: {format_datetime(mail.date)}",
        address_field("From", (mail.from_,), raw_utf8=raw),
        address_field("To", mail.to, raw_utf8=raw) if mail.to else "",
        address_field("Cc", mail.cc, raw_utf8=raw) if mail.cc else "",
        address_field("Reply-To", (mail.reply_to,), raw_utf8=raw) if mail.reply_to else "",
        text_field("Subject", mail.subject),
        message_id_field("Message-ID", mail.message_id),
        id_field("In-Reply-To", (mail.in_reply_to,)),
        references_field(mail.references),
        *(_further(name, value) for name, value in mail.headers),
    ]


def _further(name: str, value: str) -> str:
    if name.lower() in _OWN_FIELDS or name.lower().startswith("content-"):
        raise ValueError(f"the draft governs {name}")
    return text_field(name, value)


def _body(mail: Draft) -> _Entity:
    shown = tuple(
        one for one in mail.attachments if one.inline and one.content_id and mail.html is not None
    )
    files = tuple(one for one in mail.attachments if one not in shown)
    entity = _text_entity(_whole_text(mail), "plain")
    if mail.html is not None:
        rich = _text_entity(_whole_html(mail), "html")
        if shown:
            pieces = [rich, *(_file_entity(one, "inline") for one in shown)]
            rich = _multipart("related", pieces, mail.message_id, ' type="text/html";')
        entity = _multipart("alternative", [entity, rich], mail.message_id)
    if files:
        entity = _multipart(
            "mixed", [entity, *(_file_entity(one, "attachment") for one in files)], mail.message_id
        )
    return entity


def _whole_text(mail: Draft) -> str:
    text = mail.text or to_text(mail.html or "")
    if not mail.quoted:
        return text
    earlier = mail.quoted.text or to_text(mail.quoted.html or "")
    lines = (
        f">{'' if line.startswith('>') or not line else ' '}{line}"
        for line in earlier.strip("\n").split("\n")
    )
    return "\n".join([text.rstrip("\n"), "", mail.quoted.sentence.strip(), *lines])


def _whole_html(mail: Draft) -> str:
    html = mail.html or ""
    if not mail.quoted:
        return html
    earlier = from_text(mail.quoted.text) if mail.quoted.html is None else mail.quoted.html
    sentence = escape(mail.quoted.sentence.strip())
    return (
        f'{html}\n<div class="parley-quote" data-parley="quote"><div>{sentence}</div>\n'
        f'<blockquote type="cite" style="{_QUOTE_STYLE}">{earlier}</blockquote></div>'
    )


def _text_entity(text: str, kind: str) -> _Entity:
    """Quoted-printable for mostly ASCII text, else base64; both keep any line length and trailing
    blanks."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    raw = lines.replace("\n", "\r\n").encode("utf-8", "replace")
    field = f'Content-Type: text/{kind}; charset="utf-8"'
    if sum(byte > 0x7E for byte in raw) * 3 > len(raw):
        return _Entity(
            (field, "Content-Transfer-Encoding: base64"), base64.encodebytes(raw).replace(b"\n", b"\r\n")
        )
    content = quopri.encodestring(lines.encode("utf-8", "replace")).replace(b"\n", b"\r\n")
    return _Entity((field, "Content-Transfer-Encoding: quoted-printable"), content)


def _file_entity(file: Attachment, disposition: str) -> _Entity:
    kind, content, encoding = _encoded_file(file)
    fields = [
        f"Content-Type: {kind}{parameter('name', file.name)}",
        f"Content-Transfer-Encoding: {encoding}",
        f"Content-Disposition: {disposition}{parameter('filename', file.name)}",
    ]
    content_id = _NO_CONTENT_ID.sub("", file.content_id)[:200]
    return _Entity((*fields, *((f"Content-ID: <{content_id}>",) if content_id else ())), content)


def _encoded_file(file: Attachment) -> tuple[str, bytes, str]:
    """Type, content and transfer encoding. A mail within a mail must not be encoded (RFC 2046
    section 5.2.1)."""
    kind = file.content_type.strip().lower()
    if kind == "message/rfc822":
        content = b"\r\n".join(file.content.splitlines())
        if (
            content.isascii()
            and b"\x00" not in content
            and all(len(line) <= 998 for line in content.splitlines())
        ):
            return kind, content, "7bit"
    if not _TYPE.fullmatch(kind) or kind.startswith(("multipart/", "message/")):
        kind = "application/octet-stream"
    return kind, base64.encodebytes(file.content).replace(b"\n", b"\r\n"), "base64"


def _multipart(kind: str, entities: list[_Entity], seed: str, extra: str = "") -> _Entity:
    pieces = [bytes(entity) for entity in entities]
    salt = 0
    while True:  # "=_" occurs in neither encoding; only an attached mail could contain the border
        border = f"=_{hashlib.sha256(f'{kind} {salt} {seed}'.encode()).hexdigest()[:32]}"
        if not any(border.encode() in piece for piece in pieces):
            break
        salt += 1
    mark = f"--{border}".encode()
    content = b"".join(mark + b"\r\n" + piece + b"\r\n" for piece in pieces) + mark + b"--\r\n"
    field = folded("Content-Type", [f"multipart/{kind};{extra}", f'boundary="{border}"'])
    return _Entity((field,), content)
