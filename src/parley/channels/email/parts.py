"""The tree of a mail's parts: the standard parser finds the borders, everything else is read
leniently."""

import binascii
import quopri
import re
from collections.abc import Iterator
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import Compat32

from parley.channels.email import charsets, headers
from parley.channels.email.parsed import Malformed

MOST_LEVELS = 100
MOST_PARTS = 1000
LONGEST_HEADER = 200_000
_BASE64_AND_BLANKS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n"


class _AsSent(Compat32):
    """Header values stay strings; the stock policy makes objects of 8-bit ones, which its own
    parser cannot use."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        """The value unchanged."""
        return value


class Part(Message):
    """One part of a mail.

    The parser asks the inherited methods where to look for borders; what it must not open (a
    forwarded mail, so
    that its bytes stay as they are) or cannot read (odd parameters) is kept from it here.
    """

    _payload: "list[Part] | str | None"
    level = 1
    root: "Part | None" = None
    count = 1

    def attach(self, payload: "Part") -> None:  # type: ignore[override]
        """Add a part, within the limits. Raises Malformed."""
        payload.level = self.level + 1
        payload.root = root = self.root or self
        root.count += 1
        if payload.level > MOST_LEVELS:
            raise Malformed("too-deep")
        if root.count > MOST_PARTS:
            raise Malformed("too-many-parts")
        super().attach(payload)

    def get_content_type(self) -> str:
        """What the parser is to believe."""
        return self.media_type if self.media_type.startswith("multipart/") else "text/plain"

    def get_boundary(self, failobj: str | None = None) -> str | None:  # type: ignore[override]
        """The border between parts (RFC 2046 section 5.1.1)."""
        return headers.parameters(self.first("content-type"))[1].get("boundary") or failobj

    def first(self, name: str) -> str:
        """The first raw value of a header field, or ""."""
        return next(self.all(name), "")

    def all(self, name: str) -> Iterator[str]:
        """Every raw value of a header field."""
        return (value[:LONGEST_HEADER] for known, value in self.raw_items() if known.lower() == name)

    @property
    def media_type(self) -> str:
        """The declared type in lower case, or the default that RFC 2045 and 2046 name."""
        declared = headers.parameters(self.first("content-type"))[0]
        return declared if "/" in declared else str(self.get_default_type())

    @property
    def children(self) -> list["Part"]:
        """The parts inside, none where it is no multipart or its borders were not found."""
        return self._payload if isinstance(self._payload, list) else []

    def content(self) -> tuple[bytes, str]:
        """The content with its transfer encoding undone, and a defect or ""."""
        payload = self._payload
        raw = headers.as_bytes(payload) if isinstance(payload, str) else b""
        encoding = headers.text_of(self.first("content-transfer-encoding")).strip(" \"'.;").lower()
        if encoding == "quoted-printable":
            return quopri.decodestring(raw), ""
        if encoding == "base64":
            broken = bool(raw.translate(None, _BASE64_AND_BLANKS))
            if broken and _is_plain(raw):
                return raw, "not-base64"
            return headers.decode_base64(raw), "invalid-base64" if broken else ""
        if encoding in {"x-uuencode", "uuencode", "x-uue", "uue"}:
            return _uudecoded(raw), ""
        return raw, ""

    def text(self) -> tuple[str, str]:
        """The content as text with \\n line ends, and a defect or ""."""
        raw, defect = self.content()
        label = headers.parameters(self.first("content-type"))[1].get("charset", "")
        if not label and self.media_type == "text/html":
            label = _label_in_html(raw)
        text, labelled_well = charsets.decode(raw, label)
        text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
        return text, defect or ("" if labelled_well else "charset")


def read(raw: bytes) -> Part:
    """The tree of parts. Raises Malformed beyond 100 levels or 1,000 parts, and where there is
    nothing."""
    if not raw.strip(b"\x00\r\n\t "):
        raise Malformed("empty")
    parser = BytesFeedParser(Part, policy=_AsSent())
    parser.feed(raw.lstrip(b"\r\n"))
    return parser.close()  # type: ignore[return-value]


def _is_plain(raw: bytes) -> bool:
    """Words, wrongly labelled as base64."""
    sample = raw[:2000]
    return sample.count(b" ") * 12 > len(sample)


def _uudecoded(raw: bytes) -> bytes:
    content = []
    for line in raw.splitlines():
        if line.startswith((b"begin ", b"end")) or not line.strip():
            continue
        try:
            content.append(binascii.a2b_uu(line))
        except binascii.Error:  # encoders that count wrongly: take what the length character promises
            length = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                content.append(binascii.a2b_uu(line[:length]))
            except binascii.Error:
                continue
    return b"".join(content)


def _label_in_html(raw: bytes) -> str:
    found = re.search(rb"<meta[^>]{1,200}charset\s*=\s*[\"']?([\w.:-]{1,40})", raw[:4096], re.IGNORECASE)
    return found[1].decode("ascii") if found else ""
