"""Header fields of outgoing mail: folded, pure ASCII unless told otherwise, safe from what users
type (RFC 5322, 2047)."""

import base64
import re
from collections.abc import Iterable
from urllib.parse import quote

from parley.channels.email.addresses import Address, with_ascii_domain

_LINE = 76
_LONGEST_WORD = 900
_ID = re.compile(r"[^\s<>\x00-\x20\x7f-\uffff]{1,900}")
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,70}")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_REFERENCES_BYTES, _LAST_REFERENCES = 900, 20


def one_line(text: str) -> str:
    """Line breaks and other control characters become blanks, so that no text can begin another
    field."""
    return " ".join(_CONTROL.sub(" ", text).split())


def text_field(name: str, text: str) -> str:
    """An unstructured field. Raises ValueError for a name that is none."""
    if not _FIELD_NAME.fullmatch(name):
        raise ValueError(f"no header field: {name!r}")
    text = one_line(text)
    plain = (
        text.isascii() and "=?" not in text and all(len(word) < _LONGEST_WORD for word in text.split())
    )
    return folded(name, text.split(" ") if plain else encoded_words(text))


def address_field(name: str, addresses: Iterable[Address], *, raw_utf8: bool = False) -> str:
    """A list of mailboxes. Raises ValueError for what is no address.

    `raw_utf8` keeps names as they are (RFC 6532), for mail that needs SMTPUTF8 anyway.
    """
    words: list[str] = []
    for address in addresses:
        words += [*mailbox_words(address, raw_utf8=raw_utf8)]
        words[-1] += ","
    words[-1] = words[-1].removesuffix(",")
    return folded(name, words)


def mailbox_words(address: Address, *, raw_utf8: bool = False) -> list[str]:
    """The unbreakable words of one mailbox."""
    email = with_ascii_domain(address.email)
    if not email:
        raise ValueError(f"no address: {address.email!r}")
    name = one_line(address.name)
    return [*_phrase(name, raw_utf8), f"<{email}>"] if name else [email]


def _phrase(name: str, raw_utf8: bool) -> list[str]:
    short = len(name) <= 60 and "=?" not in name
    if short and name.isascii() and _ATOMS.fullmatch(name):
        return name.split(" ")
    if short and (name.isascii() or raw_utf8):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return [f'"{escaped}"']
    return encoded_words(name)


def id_field(name: str, ids: Iterable[str]) -> str:
    """Message ids in angle brackets, one a line; "" where none is usable."""
    words = [f"<{one}>" for one in (_bare(each) for each in ids) if one]
    return f"{name}: " + "\r\n ".join(words) if words else ""


def message_id_field(name: str, message_id: str) -> str:
    """One message id. Raises ValueError for what cannot be one."""
    field = id_field(name, (message_id,))
    if not field:
        raise ValueError(f"no message id: {message_id!r}")
    return field


def references_field(ids: Iterable[str]) -> str:
    """The first id of the thread and as many of the last 20 as stay below 900 characters; "" for
    none."""
    usable = list(dict.fromkeys(one for one in (_bare(each) for each in ids) if one and len(one) < 400))
    if not usable:
        return ""
    first, rest = usable[0], usable[1:][-_LAST_REFERENCES:]
    room = _REFERENCES_BYTES - len("References: ") - len(first) - 5
    kept: list[str] = []
    for one in reversed(rest):
        room -= len(one) + 5
        if room < 0:
            break
        kept.append(one)
    return id_field("References", [first, *reversed(kept)])


def parameter(name: str, value: str) -> str:
    """A parameter of a structured field; RFC 2231 for what is not ASCII, in pieces that fit a line."""
    value = one_line(value)
    if value.isascii() and len(value) <= 60:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'; {name}="{escaped}"'
    encoded = "utf-8''" + quote(value, safe="")
    pieces = _percent_pieces(encoded, _LINE - len(name) - 10)
    if len(pieces) == 1:
        return f";\r\n {name}*={encoded}"
    return "".join(f";\r\n {name}*{number}*={piece}" for number, piece in enumerate(pieces))


def encoded_words(text: str) -> list[str]:
    """The text as RFC 2047 encoded words, none longer than 75 characters, none cutting a character."""
    chunks, chunk = [], b""
    for letter in text:
        encoded = letter.encode("utf-8", "replace")
        if len(chunk) + len(encoded) > 45:
            chunks.append(chunk)
            chunk = b""
        chunk += encoded
    return [f"=?utf-8?B?{base64.b64encode(one).decode('ascii')}?=" for one in [*chunks, chunk]]


def folded(name: str, words: Iterable[str]) -> str:
    """`Name: words`, broken between words into lines of at most 76 characters where words allow."""
    lines, line = [], f"{name}:"
    for word in words:
        if len(line) + 1 + len(word) > _LINE and line.strip() and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line])


def _bare(message_id: str) -> str:
    bare = message_id.strip().removeprefix("<").removesuffix(">")
    return bare if _ID.fullmatch(bare) else ""


def _percent_pieces(encoded: str, width: int) -> list[str]:
    pieces = []
    while len(encoded) > width:
        end = width
        while "%" in encoded[end - 2 : end]:
            end -= 1
        pieces.append(encoded[:end])
        encoded = encoded[end:]
    return [*pieces, encoded]
