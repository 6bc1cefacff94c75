"""The only ways a face gets hold of mail: how far an answer got, why a mail is where it is, the
outbox."""

from collections.abc import Collection
from typing import Any

from django.db.models import Prefetch, QuerySet

from .models import Delivery, OutgoingMail

CAUGHT = "caught"


def states_of(groups: Collection[int]) -> dict[int, Delivery]:
    """How far each answer got, by the group's key, for the foot of a message; the first recipient's word."""
    rows = Delivery.objects.filter(mail__group__in=groups).select_related("mail").order_by("-id")
    return {row.mail.group_id: row for row in rows}


def outbox() -> QuerySet[OutgoingMail]:
    """Outgoing mail with its recipients, the latest first."""
    rows = Prefetch("deliveries", Delivery.objects.order_by("id"))
    return OutgoingMail.objects.prefetch_related(rows).order_by("-created_at", "-id")


def caught() -> QuerySet[OutgoingMail]:
    """What would have left if there were a relay."""
    ids = Delivery.objects.filter(transport=CAUGHT).values("mail_id")
    return outbox().filter(pk__in=ids)


def state(mail: OutgoingMail) -> str:
    """One word for all recipients, that of the one who is furthest behind; `caught` where nothing
    left."""
    rows = list(mail.deliveries.all())
    behind = min(rows, key=lambda row: list(Delivery.State).index(row.state), default=None)
    if behind is None:
        return ""
    done = behind.state == Delivery.State.HANDED_OVER
    return CAUGHT if done and behind.transport == CAUGHT else str(behind.state)


def entry(mail: OutgoingMail) -> dict[str, Any]:
    """A row of the outbox for scripts; message ids as in the headers, in angle brackets."""
    references = " ".join(_bracketed(each) for each in mail.references.split())
    return {
        "id": mail.public_id,
        "to": ", ".join(row.address for row in mail.deliveries.all()),
        "subject": mail.subject,
        "message_id": _bracketed(mail.message_id),
        "in_reply_to": _bracketed(mail.in_reply_to),
        "references": references,
        "state": state(mail),
        "text": mail.text,
    }


def _bracketed(message_id: str) -> str:
    return f"<{message_id}>" if message_id else ""
