"""Raw mail as customers of the demo account send it, and the files they attach, byte by byte."""

import struct
import zlib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

SIDE = 96  # pixels


def letter(
    *, sender: str, to: str, subject: str, text: str, at: datetime, name: str, html: bool = False
) -> EmailMessage:
    """`sender` as Name <address>; `name` becomes the left part of the Message-ID."""
    shown, address = parseaddr(sender)
    mail = EmailMessage()
    mail["From"] = Address(shown, addr_spec=address)
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{name}@{address.partition('@')[2]}>"
    mail.set_content(text)
    if html:
        paragraphs = "".join(f"<p>{part}</p>" for part in text.split("\n\n"))
        mail.add_alternative(f'<div dir="auto">{paragraphs}</div>', subtype="html")
    return mail


def attach(mail: EmailMessage, what: str, *, shade: int) -> None:
    """`photo` is a small PNG, `order` a PDF of one page."""
    if what == "photo":
        mail.add_attachment(png(shade), maintype="image", subtype="png", filename="IMG_2041.png")
    else:
        mail.add_attachment(pdf(), maintype="application", subtype="pdf", filename="order.pdf")


def png(shade: int) -> bytes:
    """A square that fades from one colour to another (PNG 1.2: 8 bits, truecolour)."""
    rows = b""
    for y in range(SIDE):
        rows += b"\0" + b"".join(
            bytes(((x * 2 + shade) % 256, (90 + y) % 256, (shade * 3 + y) % 256)) for x in range(SIDE)
        )
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def pdf() -> bytes:
    """One page with one line of text (PDF 1.4)."""
    drawn = b"BT /F1 18 Tf 72 760 Td (Sizes: 4 x S, 5 x M, 3 x L) Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    content, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start, count = len(content), len(objects) + 1
    content += b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table)
    return content + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, start)
