"""The files inside winmail.dat, the wrapping of Outlook's rich text mails (MS-OXTNEF)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from parley.channels.email import charsets

_SIGNATURE = 0x223E9F78
_ATTACH_RENDER_DATA = 0x00069002
_ATTACH_TITLE = 0x00018010
_ATTACH_DATA = 0x0006800F
_ATTACHMENT_PROPERTIES = 0x00069005
_LONG_FILE_NAME, _MIME_TAG, _DATA_OBJECT = 0x3707, 0x370E, 0x3701
_FIXED_SIZES = {
    0x0002: 2,
    0x0003: 4,
    0x0004: 4,
    0x000A: 4,
    0x000B: 2,
    0x0005: 8,
    0x0006: 8,
    0x0007: 8,
    0x0014: 8,
    0x0040: 8,
    0x0048: 16,
}
_OBJECT, _UNICODE, _ANSI = 0x000D, 0x001F, 0x001E
_MOST_FILES = 500


@dataclass
class PackedFile:
    """A file found inside."""

    name: str = ""
    content: bytes = b""
    content_type: str = "application/octet-stream"


def unpack(raw: bytes) -> list[PackedFile]:
    """The files in order; none for what is not TNEF, and those before the break for what is cut off."""
    files: list[PackedFile] = []
    for identifier, content in _attributes(raw):
        if identifier == _ATTACH_RENDER_DATA and len(files) < _MOST_FILES:
            files.append(PackedFile())
        elif files and identifier == _ATTACH_TITLE:
            files[-1].name = files[-1].name or _ansi(content)
        elif files and identifier == _ATTACH_DATA:
            files[-1].content = content
        elif files and identifier == _ATTACHMENT_PROPERTIES:
            _read_properties(content, files[-1])
    return [one for one in files if one.content]


def _attributes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Each attribute: level (1 byte), identifier, length (4 bytes each), content, checksum (2 bytes)."""
    if len(raw) < 6 or struct.unpack_from("<I", raw)[0] != _SIGNATURE:
        return
    position = 6
    while position + 9 <= len(raw):
        identifier, length = struct.unpack_from("<II", raw, position + 1)
        position += 9
        yield identifier, raw[position : position + length]
        position += length + 2


def _read_properties(raw: bytes, found: PackedFile) -> None:
    try:
        for name, kind, content in _properties(raw):
            text = _wide(content) if kind == _UNICODE else _ansi(content)
            if name == _LONG_FILE_NAME:
                found.name = text or found.name
            elif name == _MIME_TAG and "/" in text and text.isascii():
                found.content_type = text.lower()
            elif name == _DATA_OBJECT and not found.content:
                found.content = content[16:] if kind == _OBJECT else content
    except struct.error:  # cut off: what was read so far counts
        return


def _properties(raw: bytes) -> Iterator[tuple[int, int, bytes]]:
    """MAPI properties: (identifier, type, content) each; of several values the last."""
    (count,) = struct.unpack_from("<I", raw)
    position = 4
    for _ in range(min(count, 5000)):
        kind, name = struct.unpack_from("<HH", raw, position)
        position += 4
        if name >= 0x8000:
            position = _after_name(raw, position)
        content = b""
        several = bool(kind & 0x1000) or (kind & 0x0FFF) not in _FIXED_SIZES
        values = 1
        if several:
            (values,) = struct.unpack_from("<I", raw, position)
            position += 4
        for _ in range(min(values, 5000)):
            content, position = _value(raw, position, kind & 0x0FFF)
        yield name, kind & 0x0FFF, content


def _after_name(raw: bytes, position: int) -> int:
    """Behind a named property's GUID and its number or name."""
    (kind,) = struct.unpack_from("<I", raw, position + 16)
    if kind == 0:
        return position + 24
    (length,) = struct.unpack_from("<I", raw, position + 20)
    return position + 24 + length + (-length % 4)


def _value(raw: bytes, position: int, kind: int) -> tuple[bytes, int]:
    if kind in _FIXED_SIZES:
        size = _FIXED_SIZES[kind]
        return raw[position : position + size], position + size + (-size % 4)
    (length,) = struct.unpack_from("<I", raw, position)
    start = position + 4
    return raw[start : start + length], start + length + (-length % 4)


def _ansi(content: bytes) -> str:
    return charsets.decode(content.rstrip(b"\x00"), "")[0]


def _wide(content: bytes) -> str:
    return charsets.storable(content.decode("utf-16-le", "replace").rstrip("\x00"))
