"""What one message group is made of: the words, the words they quote, the files."""

from dataclasses import dataclass
from typing import Literal

from parley.desk.contacts.models import Contact
from parley.desk.ports import File
from parley.desk.team.models import Agent
from parley.kernel import clock, html, stored_files
from parley.kernel.actors import Actor

from .models import PUBLIC_GROUPS, Message, MessageGroup, Ticket

Part = tuple[str, str, str]  # type, format, body


@dataclass(frozen=True)
class Words:
    """`html` is cleaned already; where it is None the words are plain text."""

    text: str = ""
    html: str | None = None
    quoted: str = ""
    quoted_format: Literal["T", "H"] = "T"
    files: tuple[File, ...] = ()
    is_note: bool = False

    @property
    def are_empty(self) -> bool:
        return not (self.text.strip() or self.files)

    def parts(self) -> list[Part]:
        kind = Message.Type.NOTE if self.is_note else Message.Type.TEXT
        own = (kind, "T", self.text) if self.html is None else (kind, "H", self.html)
        quoted = (Message.Type.QUOTED, self.quoted_format, self.quoted)
        return [own, quoted] if self.quoted.strip() else [own]


def add_group(
    ticket: Ticket,
    group_type: str,
    words: Words,
    *,
    agent: Agent | None = None,
    contact: Contact | None = None,
    client_id: str,
    by: Actor,
) -> MessageGroup:
    """Inside an action that holds the ticket's row and saves it afterwards: position, summary, version."""
    ticket.version += 1
    group = MessageGroup.objects.create(
        ticket=ticket,
        position=ticket.version,
        type=group_type,
        agent=agent,
        contact=contact,
        client_id=client_id,
    )
    rows = [
        Message(group=group, position=n, type=kind, format=form, body=body)
        for n, (kind, form, body) in enumerate(words.parts(), 1)
    ]
    for n, each in enumerate(words.files, len(rows) + 1):
        row = stored_files.add_row(each.kept)
        rows.append(
            Message(group=group, position=n, type="F", file=row, content_id=each.content_id[:250])
        )
    Message.objects.bulk_create(rows)
    if group_type in PUBLIC_GROUPS:
        ticket.preview = html.preview(words.text, 200)
        ticket.last_message_at = clock.now()
    ticket.changed_at = clock.now()
    return group
