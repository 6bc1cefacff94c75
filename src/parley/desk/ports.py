"""The desk's border: what comes in, what goes out, and what a channel is to the desk.

A channel turns what a stranger sent into an `Inbound` and gives it to `tickets.actions.receive`; an answer
goes back as an `Outbound` by the register below, which `config/channels.py` fills. The desk never asks
which channel it is, only what it can do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from parley.kernel.stored_files import Kept


@dataclass(frozen=True)
class Person:
    """How a channel knows a stranger. `address` is normalised by the channel."""

    address: str
    name: str = ""


@dataclass(frozen=True)
class File:
    """Bytes that are stored already, as part of a message."""

    kept: Kept
    content_id: str = ""


@dataclass(frozen=True)
class Inbound:
    """One thing somebody said to us.

    `key` is the channel's own name for it: the same key twice is the same message. `ticket` is where the
    channel found that it belongs; None starts a new one. `html` is cleaned already.
    """

    key: str
    channel: str  # letter of API.md §5
    group_type: str  # letter of API.md §5
    author: Person
    subject: str = ""
    text: str = ""
    html: str | None = None
    quoted: str = ""
    quoted_format: Literal["T", "H"] = "T"
    files: Sequence[File] = ()
    ticket: int | None = None
    department: int | None = None
    sent_at: datetime | None = None
    automatic: bool = False


@dataclass(frozen=True)
class Outbound:
    """A message group that is to leave by a channel."""

    ticket: int
    group: int


class Channel(Protocol):
    """`letters`: whose tickets' answers it carries. `deliver` runs inside the transaction of whoever asks
    and only queues; what leaves the machine is a job of the channel."""

    name: str
    letters: frozenset[str]
    answer_type: str

    def deliver(self, outbound: Outbound) -> None: ...


class NoChannel(LookupError):
    """Nothing carries answers for this kind of ticket."""


_channels: dict[str, Channel] = {}


def register(channel: Channel) -> None:
    for letter in channel.letters:
        _channels[letter] = channel


def channel_for(letter: str) -> Channel:
    """The channel that carries answers of tickets with this letter. Raises NoChannel."""
    try:
        return _channels[letter]
    except KeyError:
        raise NoChannel(letter) from None


@dataclass(frozen=True)
class Letter:
    """A mail of the product itself to one person. `is_secret`: carries a key; not kept longer than needed."""

    to: str
    to_name: str
    subject: str
    text: str
    is_secret: bool = False


class Postman(Protocol):
    """Queues, inside the transaction of whoever asks."""

    def send(self, letter: Letter) -> None: ...


_postmen: list[Postman] = []


def register_postman(postman: Postman) -> None:
    _postmen[:] = [postman]


def send_letter(letter: Letter) -> None:
    """Raises NoChannel where nothing sends mail."""
    if not _postmen:
        raise NoChannel("letters")
    _postmen[0].send(letter)
