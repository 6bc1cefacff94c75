"""Mails written by hand, byte by byte."""


def mail(*headers, body=b""):
    return b"\r\n".join(
        [*(one if isinstance(one, bytes) else one.encode() for one in headers), b"", body]
    )


def texts_of(parsed):
    yield from (parsed.subject, parsed.text, parsed.html or "", parsed.message_id, *parsed.references)
    for address in (*parsed.from_, *parsed.to, *parsed.cc, *parsed.reply_to):
        yield from (address.name, address.email, address.raw)
    for attachment in parsed.attachments:
        yield from (attachment.name, attachment.content_type, attachment.content_id)
    for header in parsed.headers:
        yield from header


def multipart(kind, *parts, boundary="b", extra=""):
    kind = f'Content-Type: multipart/{kind}; boundary="{boundary}"{extra}'
    head = f"MIME-Version: 1.0\r\n{kind}\r\n\r\n".encode()
    return (
        head
        + b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), one) for one in parts)
        + b"--%s--\r\n" % boundary.encode()
    )


def text_part(text, kind="plain", *headers):
    return mail(f"Content-Type: text/{kind}; charset=utf-8", *headers, body=text.encode())
