"""Which parts of a mail are its body and which are attached (RFC 2046, 2183, 2387, 3676)."""

import re
from dataclasses import dataclass, field, replace

from parley.channels.email import headers, tnef
from parley.channels.email.filenames import declared_name, name_for, safe_name
from parley.channels.email.parsed import Attachment
from parley.channels.email.parts import Part
from parley.kernel.html import from_text, to_text

_FOR_OTHER_READERS = {"text/x-amp-html", "text/watch-html"}
_REPORTS = {"multipart/report", "multipart/signed"}
_REFERENCE = re.compile(r"cid:([^\"'\s<>)]{1,500})", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_TNEF = {"application/ms-tnef", "application/vnd.ms-tnef"}


@dataclass
class Body:
    """What is to be read of a mail or a part of it: pieces of (text, html) in order, and what is
    attached."""

    pieces: list[tuple[str | None, str | None]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)

    def text(self) -> str:
        """All pieces as plain text."""
        texts = (to_text(html or "") if text is None else text for text, html in self.pieces)
        return "\n\n".join(text.strip("\n") for text in texts if text.strip())

    def html(self) -> str | None:
        """All pieces as HTML, or None where no piece is."""
        if not any((html or "").strip() for _, html in self.pieces):
            return None
        shown = (from_text(text or "") if html is None else html for text, html in self.pieces)
        return "\n".join(piece for piece in shown if piece.strip())

    def take(self, other: "Body") -> None:
        """Append all that the other holds."""
        self.pieces += other.pieces
        self.attachments += other.attachments
        self.defects += other.defects


def body_of(root: Part) -> Body:
    """The body of a whole mail; attachments that its HTML shows are marked as inline."""
    body = _read(root, alone=True)
    shown = {headers.decode_words(name).lower() for name in _REFERENCE.findall(body.html() or "")}
    body.attachments = [
        replace(one, inline=bool(one.content_id) and one.content_id.lower() in shown)
        for one in body.attachments
    ]
    return body


def _read(part: Part, alone: bool = False) -> Body:
    kind = part.media_type
    if part.children:
        return _alternative(part) if kind == "multipart/alternative" else _sequence(part)
    if kind.startswith("multipart/"):  # its borders were not found
        return replace(_body_text(part), defects=["no-borders"])
    if _is_body(part, kind, alone):
        return _body_text(part)
    return _attached(part, kind)


def _is_body(part: Part, kind: str, alone: bool) -> bool:
    if kind not in {"text/plain", "text/html", "text", "text/enriched"} or kind == "text/enriched":
        return False
    disposition = headers.parameters(part.first("content-disposition"))[0]
    if disposition == "attachment":
        return False
    return alone or not declared_name(part)


def _sequence(part: Part) -> Body:
    """Everything in order: mixed, related, signed, report, and Apple's texts between pictures."""
    body = Body()
    for position, child in enumerate(part.children):
        unnamed_start = position == 0 and part.media_type in _REPORTS
        body.take(_read(child, alone=unnamed_start))
    return body


def _alternative(part: Part) -> Body:
    """The first plain text and the last HTML say the same; everything else is attached."""
    versions = [_read(child) for child in part.children if child.media_type not in _FOR_OTHER_READERS]
    body = Body()
    for version in versions:
        body.attachments += version.attachments
        body.defects += version.defects
    plain = next((text for text in (one.text() for one in versions if _is_plain(one)) if text), None)
    rich = next((one for one in reversed(versions) if one.html() is not None), None)
    if rich is not None and (not plain or _shows_something(rich.html() or "")):
        body.pieces = [(plain, rich.html())]
    elif plain is not None:
        body.pieces = [(plain, None)]
    return body


def _is_plain(body: Body) -> bool:
    return bool(body.pieces) and body.html() is None


def _shows_something(html: str) -> bool:
    """Some mailers send an empty HTML version next to the text."""
    return "<img" in html.lower() or bool(_TAG.sub("", html).replace("&nbsp;", " ").strip())


def _body_text(part: Part) -> Body:
    text, defect = part.text()
    defects = [defect] if defect else []
    kind, parameters = headers.parameters(part.first("content-type"))
    if kind == "text/html":
        return Body([(None, text)], [], defects)
    if parameters.get("format", "").lower() == "flowed":
        text = unflow(text, delsp=parameters.get("delsp", "").lower() == "yes")
    return Body([(text, None)], [], defects)


def _attached(part: Part, kind: str) -> Body:
    content, defect = part.content()
    name = name_for(part, content)
    defects = [defect] if defect else []
    if kind in _TNEF or name.lower() == "winmail.dat":
        unpacked = tnef.unpack(content)
        if unpacked:
            files = [
                Attachment(safe_name(one.name, "file.bin"), one.content_type, one.content)
                for one in unpacked
            ]
            return Body([], files, defects)
    content_id = "".join(headers.message_ids(part.first("content-id"))[:1])
    return Body([], [Attachment(name, kind, content, content_id)], defects)


def unflow(text: str, *, delsp: bool) -> str:
    """Paragraphs of format=flowed text on one line each (RFC 3676); quotes keep their depth, "-- "
    stays alone."""
    lines: list[str] = []
    depth_before, open_line = 0, False
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")
        soft = content.endswith(" ") and content != "-- "
        words = content[:-1] if soft and delsp else content
        if open_line and depth == depth_before and content != "-- ":
            lines[-1] += words
        else:
            lines.append(">" * depth + (" " if depth and content else "") + words)
        depth_before, open_line = depth, soft
    return "\n".join(lines)
