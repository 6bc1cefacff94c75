"""Three weeks in the life of the demo account, lived step by step in the order of time."""

import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from itertools import islice
from pathlib import Path

from parley.channels.email import receive
from parley.channels.email.models import KnownMessageId, OutgoingMail
from parley.commands import demo_mail
from parley.commands.at_once import settle, work_off
from parley.commands.demo_team import agents, departments
from parley.desk.team.models import Agent
from parley.desk.tickets import actions as tickets
from parley.desk.tickets.messages import Words
from parley.desk.tickets.models import MessageGroup, Ticket
from parley.kernel import clock, reactors
from parley.kernel.cells import AccountAddress
from parley.kernel.numbers import new_id
from parley.kernel.turns import writing

STORIES = Path(__file__).with_name("demo_stories.toml")
SPAN = timedelta(days=21)
SEED = 2207
AT_ONCE = 25  # steps in one transaction: one wait for the disk


@dataclass(frozen=True)
class Story:
    """One conversation as demo_stories.toml tells it. `sender` is Name <address>."""

    number: int
    subject: str
    sender: str
    to: str  # key of a department
    said: tuple[str, ...]
    html: bool = False
    attach: str = ""
    end: str = ""

    def message_id(self, index: int) -> str:
        """Without angle brackets, of the customer's mail at this place."""
        return f"demo-{self.number}-{index}@{self.sender.rstrip('>').rpartition('@')[2]}"


@dataclass(order=True)
class Step:
    at: datetime
    number: int
    index: int
    story: Story = field(compare=False)


def live_through(address: AccountAddress) -> None:
    """Everything that has not happened yet in the account in scope."""
    life = Life(address)
    steps = (step for step in sorted(timeline(stories(), clock.now())) if not life.has_seen(step))
    while batch := list(islice(steps, AT_ONCE)):
        with writing(address.cell):
            for step in batch:
                with clock.stopped(step.at):
                    life.live(step)
    with writing(address.cell):
        reactors.settle()


def stories() -> list[Story]:
    """The oldest first."""
    told = tomllib.loads(STORIES.read_text(encoding="utf-8"))["story"]
    return [
        Story(
            number=number,
            subject=each["subject"],
            sender=each["from"],
            to=each["to"],
            said=tuple(each["said"]),
            html=each.get("html", False),
            attach=each.get("attach", ""),
            end=each.get("end", ""),
        )
        for number, each in enumerate(told, 1)
    ]


def timeline(told: list[Story], now: datetime) -> Iterator[Step]:
    """When each word is said: the same for the same `now`, all of it before."""
    rnd = random.Random(SEED)
    for story in told:
        share = (story.number - rnd.uniform(0.1, 0.9)) / len(told)
        at = now - SPAN * (1 - share) - timedelta(minutes=10)
        for index in range(len(story.said)):
            yield Step(at, story.number, index, story)
            left = (now - at) / (len(story.said) - index + 1)
            at += min(timedelta(minutes=rnd.uniform(20, 400)), left)


class Life:
    def __init__(self, address: AccountAddress) -> None:
        self.host = address.host
        self.agents, self.departments = agents(), departments()
        seen = KnownMessageId.objects.filter(message_id__startswith="demo-")
        done = MessageGroup.objects.filter(client_id__startswith="demo:")
        self.tickets = dict(seen.values_list("message_id", "ticket"))
        self.done = set(done.values_list("client_id", flat=True))

    def has_seen(self, step: Step) -> bool:
        return step.story.message_id(step.index) in self.tickets or _client_id(step) in self.done

    def live(self, step: Step) -> None:
        """One step, and what follows from it at the same instant: an answer leaves."""
        who, _, text = step.story.said[step.index].partition(" ")
        if who == ">":
            self._write(step, text)
        elif text.startswith("note: "):
            self._note(step, self.agents[who], text.removeprefix("note: "))
        else:
            self._answer(step, self.agents[who.rstrip(":")], text)
        if step.story.end == "resolved" and step.index == len(step.story.said) - 1:
            tickets.resolve(self._ticket(step.story), by=self._last_agent(step.story).actor)

    def _write(self, step: Step, text: str) -> None:
        """The customer's next mail: the first to the department, later ones as answers to ours."""
        story, since = step.story, new_id()
        mail_name = self.departments[story.to].mail_name
        before = self._last_answer(story) if step.index else None
        to = before.reply_to if before else f"{mail_name}@{self.host}"
        mail = demo_mail.letter(
            sender=story.sender,
            to=to,
            subject=before.subject if before else story.subject,
            text=text,
            at=step.at,
            name=story.message_id(step.index).partition("@")[0],
            html=story.html,
        )
        if before:
            mail["In-Reply-To"] = f"<{before.message_id}>"
            mail["References"] = " ".join(f"<{each}>" for each in _thread(before))
        elif story.attach:
            demo_mail.attach(mail, story.attach, shade=story.number * 7)
        self._deliver(mail, story, to)
        work_off(since)
        self.tickets[story.message_id(step.index)] = self._filed(story, step.index)

    def _deliver(self, mail: EmailMessage, story: Story, to: str) -> None:
        sender = story.sender.rpartition("<")[2].rstrip(">")
        receive.accept(bytes(mail), envelope_from=sender, recipients=[to], source="smtp")

    def _filed(self, story: Story, index: int) -> int:
        return KnownMessageId.objects.get(message_id=story.message_id(index)).ticket_id

    def _note(self, step: Step, agent: Agent, text: str) -> None:
        ticket = self._ticket(step.story)
        if ticket.assignee_id is None:
            ticket = tickets.assign(ticket, to=agent, by=agent.actor)
        tickets.add_note(
            ticket, Words(text=text), author=agent, client_id=_client_id(step), by=agent.actor
        )

    def _answer(self, step: Step, agent: Agent, text: str) -> None:
        since = new_id()
        ticket = self._ticket(step.story)
        tickets.reply(
            ticket,
            Words(text=text),
            author=agent,
            version=ticket.version,
            client_id=_client_id(step),
            by=agent.actor,
        )
        settle(since)

    def _ticket(self, story: Story) -> Ticket:
        return Ticket.objects.get(pk=self.tickets[story.message_id(0)])

    def _last_agent(self, story: Story) -> Agent:
        names = [each.split(" ")[0].rstrip(":") for each in story.said]
        return self.agents[next(name for name in reversed(names) if name in self.agents)]

    def _last_answer(self, story: Story) -> OutgoingMail | None:
        return OutgoingMail.objects.filter(ticket=self._ticket(story)).order_by("-id").first()


def _client_id(step: Step) -> str:
    return f"demo:{step.number}:{step.index}"


def _thread(mail: OutgoingMail) -> list[str]:
    return [*mail.references.split(), mail.message_id]
