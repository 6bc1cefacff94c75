"""Raw header fields become text, parameters and message ids (RFC 5322, 2045, 2047, 2231), leniently."""

import binascii
import quopri
import re
from itertools import groupby
from urllib.parse import unquote_to_bytes

from parley.channels.email import charsets

_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?((?:(?!=\?(?!=)).)*?)\?=", re.DOTALL)
_FOLD = re.compile(r"[\r\n]+[ \t]*")
_BLANKS = re.compile(r"[ \t\r\n\x0b\x0c]+")
_MESSAGE_ID = re.compile(r"<\s*([^<>]+?)\s*>")
_PARAMETER = re.compile(r';\s*([^\s=;"]{1,80})\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL)
_CONTINUATION = re.compile(r"^([^*]+)(?:\*(\d{1,4}))?(\*)?$")
_MEDIA_TYPE = re.compile(r"\s*([\w.+-]+(?:/[\w.+-]+)?)")
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_FOREIGN_TO_BASE64 = bytes(byte for byte in range(256) if byte not in _BASE64)
_MOST_IDS = 500


def text_of(raw: str) -> str:
    """The words of an unstructured header: unfolded, RFC 2047 decoded, 8-bit bytes read, blanks
    collapsed.

    `raw` is the field's value as the parser keeps it: undecodable bytes as surrogates (PEP 383).
    """
    return _BLANKS.sub(" ", decode_words(raw)).strip()


def decode_words(raw: str) -> str:
    """RFC 2047 encoded words decoded; neighbours are joined as bytes, since some mailers split
    characters."""
    raw = _FOLD.sub(" ", raw)
    pieces: list[str] = []
    run: list[tuple[str, str, str]] = []
    end = 0
    for word in _ENCODED_WORD.finditer(raw):
        between = raw[end : word.start()]
        if between.strip() or not run:
            pieces += [_decoded_run(run), eight_bit(between)]
            run = []
        run.append((word[1].lower(), word[2].lower(), word[3]))
        end = word.end()
    pieces += [_decoded_run(run), eight_bit(raw[end:])]
    return charsets.storable("".join(pieces))


def eight_bit(raw: str) -> str:
    """Raw 8-bit bytes in a header (not allowed, common) become text by guess."""
    if raw.isascii():
        return raw
    return charsets.guess(as_bytes(raw))


def as_bytes(raw: str) -> bytes:
    """The bytes that the parser kept in `raw`."""
    return raw.encode("utf-8", "surrogateescape")


def message_ids(raw: str) -> tuple[str, ...]:
    """The ids in a Message-ID, In-Reply-To or References field, without angle brackets, in order,
    each once."""
    plain = decode_words(raw)
    found = _MESSAGE_ID.findall(plain)
    if not found:  # some send it bare; words of prose are no id
        found = [word for word in plain.split() if "@" in word or len(plain.split()) == 1]
    ids = (_BLANKS.sub("", one).strip("<>,;") for one in found)
    return tuple(dict.fromkeys(one for one in ids if one))[:_MOST_IDS]


def parameters(raw: str) -> tuple[str, dict[str, str]]:
    """A structured field as (value in lower case, parameters), for instance of Content-Type.

    Reads RFC 2231 continuations and charsets, RFC 2047 words where they are forbidden (names of files),
    missing quotes and raw 8-bit names. The first of several equal parameters wins.
    """
    raw = _FOLD.sub(" ", raw)
    value = raw.partition(";")[0]
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for name, content in _PARAMETER.findall(raw[len(value) :]):
        matched = _CONTINUATION.match(name.lower())
        if matched:
            key, number, extended = matched.groups()
            pieces.setdefault(key, []).append((int(number or 0), bool(extended), _unquoted(content)))
    token = _MEDIA_TYPE.match(value)
    return token[1].lower() if token else "", {key: _joined(parts) for key, parts in pieces.items()}


def _joined(parts: list[tuple[int, bool, str]]) -> str:
    numbers = [number for number, _, _ in parts]
    if len(set(numbers)) < len(
        numbers
    ):  # the plain and the extended form side by side: RFC 6266 prefers the latter
        parts = [next((part for part in parts if part[1]), parts[0])]
    parts = sorted(parts, key=lambda part: part[0])
    if not any(extended for _, extended, _ in parts):
        return decode_words("".join(content for _, _, content in parts)).strip()
    label, content = "", b""
    for position, (_, extended, piece) in enumerate(parts):
        if extended and position == 0 and piece.count("'") >= 2:
            label, _, piece = piece.split("'", 2)
        content += unquote_to_bytes(as_bytes(piece)) if extended else as_bytes(piece)
    return charsets.decode(content, label)[0].strip()


def _unquoted(content: str) -> str:
    content = content.strip()
    if not content.startswith('"'):
        return content
    inner = content[1:-1] if len(content) > 1 and content.endswith('"') else content[1:]
    return re.sub(r'\\(["\\])', r"\1", inner)  # a lone backslash is a Windows path, not an escape


def decode_base64(raw: bytes) -> bytes:
    """Base64 as mail has it: foreign characters skipped, missing padding added, what follows
    padding read on."""
    runs = [run for run in raw.translate(None, _FOREIGN_TO_BASE64).split(b"=") if run]
    whole = (run[:-1] if len(run) % 4 == 1 else run for run in runs)
    return b"".join(binascii.a2b_base64(run + b"=" * (-len(run) % 4)) for run in whole)


def _decoded_run(run: list[tuple[str, str, str]]) -> str:
    """Neighbouring encoded words, each (charset, encoding, content)."""
    labels = groupby(run, key=lambda word: word[0])
    return "".join(charsets.decode(_run_bytes(list(words)), label)[0] for label, words in labels)


def _run_bytes(words: list[tuple[str, str, str]]) -> bytes:
    content = b""
    for encoding, group in groupby(words, key=lambda word: word[1]):
        body = "".join(one for _, _, one in group)
        if encoding == "b":  # read as one stream, since some mailers cut within a group of four
            content += decode_base64(as_bytes(body))
        else:
            content += quopri.decodestring(as_bytes(body.replace(" ", "_")), header=True)
    return content
