"""Over there: whether what was promised is what is stored."""

import re
from collections import Counter
from typing import Any

import django

django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402

from bench.installation import answer  # noqa: E402
from parley.channels.email.actions import PENDING  # noqa: E402
from parley.channels.email.models import Delivery, IncomingMail, OutgoingMail  # noqa: E402
from parley.desk.tickets.models import Message, MessageGroup, Ticket  # noqa: E402
from parley.kernel import beats  # noqa: E402
from parley.kernel.cells import account_scope, cell_scope  # noqa: E402
from parley.kernel.events import EventCounter, StoredEvent  # noqa: E402
from parley.kernel.jobs import Job  # noqa: E402

TOKEN = re.compile(r"mail[0-9a-f]{32}")
DONE = (Delivery.State.HANDED_OVER, Delivery.State.UNCERTAIN)


def waiting(account: int) -> dict[str, int]:
    """What is still to be done, and the last number."""
    cell = settings.CELLS[0]
    with cell_scope(cell):
        jobs = Job.objects.filter(parked_at=None).count()
    with account_scope(account):
        return {
            "jobs": jobs,
            "mails": IncomingMail.objects.filter(state=IncomingMail.State.RECEIVED).count(),
            "deliveries": Delivery.objects.filter(state__in=PENDING).count(),
            "events": EventCounter.objects.exclude(settle_at=None).count(),
            "last": EventCounter.objects.get().last,
        }


def check(
    account: int, mails: list[str], answers: list[str], received: dict[str, int]
) -> dict[str, Any]:
    """What is wrong (nothing, it is hoped), and how much there was of what."""
    wrong = [f"{n} {what} are parked" for what, n in beats.parked(settings.CELLS[0]).items() if n]
    with account_scope(account):
        wrong += [*_numbers(), *_mails(mails), *_positions(), *_answers(answers, received)]
        return {
            "wrong": wrong[:50],
            "events": StoredEvent.objects.count(),
            "uncertain": Delivery.objects.filter(state=Delivery.State.UNCERTAIN).count(),
        }


def _numbers() -> list[str]:
    seqs = list(StoredEvent.objects.order_by("seq").values_list("seq", flat=True))
    last = EventCounter.objects.get().last
    return [] if seqs == list(range(1, last + 1)) else [f"{len(seqs)} events, numbered up to {last}"]


def _positions() -> list[str]:
    groups: dict[int, list[int]] = {}
    for ticket, position in MessageGroup.objects.order_by("position").values_list("ticket", "position"):
        groups.setdefault(ticket, []).append(position)
    versions = dict(Ticket.objects.values_list("pk", "version"))
    wrong = [pk for pk, version in versions.items() if groups.get(pk, []) != list(range(1, version + 1))]
    return [f"the groups of ticket {pk} have gaps" for pk in wrong]


def _mails(tokens: list[str]) -> list[str]:
    said = Message.objects.filter(group__type="3", type="M").values_list("body", flat=True)
    counts = Counter(token for body in said for token in TOKEN.findall(body))
    lost = [
        f"{token} was acknowledged and is {counts[token]} groups"
        for token in tokens
        if counts[token] != 1
    ]
    twice = [f"{token} is {n} groups" for token, n in counts.items() if n > 1]
    return lost + twice


def _answers(client_ids: list[str], received: dict[str, int]) -> list[str]:
    wrong = []
    groups = dict(MessageGroup.objects.filter(type="4").values_list("client_id", "pk"))
    mails = {mail.group_id: mail for mail in OutgoingMail.objects.exclude(group=None)}
    rows: dict[int, list[Delivery]] = {}
    for row in Delivery.objects.all():
        rows.setdefault(row.mail_id, []).append(row)
    wrong += [f"{each} was accepted and is lost" for each in client_ids if each not in groups]
    if len(mails) != len(groups) or set(mails) != set(groups.values()):
        wrong.append(f"{len(groups)} answers are {len(mails)} outgoing mails")
    for mail in mails.values():
        own, got = rows.get(mail.pk, []), received.get(mail.message_id, 0)
        if [row.state in DONE for row in own] != [True]:
            wrong.append(f"{mail.message_id} has deliveries {[row.state for row in own]}")
        elif (own[0].state == Delivery.State.HANDED_OVER and got != 1) or got > 1:
            wrong.append(f"{mail.message_id} is {own[0].state} and reached the relay {got} times")
    return wrong


if __name__ == "__main__":
    answer({"waiting": waiting, "check": check})
