"""What a mail says, once understood: the values that `mime.parse` gives back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from parley.channels.email.addresses import Address

Auto = Literal["", "auto-reply", "bounce", "feedback-report", "list", "bulk"]


class Malformed(ValueError):
    """Not to be understood at all. `code` is one of empty, too-deep, too-many-parts."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Attachment:
    """A part that is not the body. `inline` says that the HTML body shows it by its Content-ID
    (RFC 2392)."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True)
class ParsedMail:
    """One mail. Message ids are without angle brackets, instants in UTC, texts without NUL and
    with \\n line ends.

    `html` is as sent, decoded and not made safe. `received` is the instant of the newest Received field.
    `auto` tells mail that no person wrote, by its headers (RFC 3834, 3464, 5965, 2919). `headers`
    holds every
    field in order with its decoded value. `defects` names what was wrong, for the curious.
    """

    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    thread_index: str
    thread_topic: str
    subject: str
    date: datetime | None
    received: datetime | None
    from_: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    return_path: str | None
    delivered_to: tuple[str, ...]
    text: str
    html: str | None
    attachments: tuple[Attachment, ...]
    headers: tuple[tuple[str, str], ...]
    auto: Auto
    defects: tuple[str, ...]

    def header(self, name: str) -> str:
        """The first value of a header field, or ""."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), "")
