"""What a test mentions and no more: one account, its people and tickets, and the clock it lives by.

The account and its intruders are opened once for each database (conftest.py); what a test adds goes with
the test's transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import cached_property
from itertools import count
from typing import Any

from django.conf import settings

from parley.accounts.actions import Opening
from parley.accounts.models import Account, Login
from parley.accounts.sign_in import actions as sign_in
from parley.channels.email.models import IncomingMail
from parley.channels.email.receive import accept
from parley.desk.contacts import actions as contacts
from parley.desk.contacts.models import Contact
from parley.desk.openings import Owner, open_desk
from parley.desk.ports import File, Inbound, Person
from parley.desk.team import actions as team
from parley.desk.team import queries as team_queries
from parley.desk.team.models import Agent, Department
from parley.desk.tickets import actions as tickets
from parley.desk.tickets.messages import Words
from parley.desk.tickets.models import MessageGroup, Ticket
from parley.kernel import clock, jobs, periodic, reactors, stored_files, timers
from parley.kernel.actors import SYSTEM, Actor
from parley.kernel.cells import AccountAddress, account_scope

NOON = datetime(2030, 1, 2, 12, 0, tzinfo=UTC)
#: In every text of every account but acme's: no page of acme's ever shows it.
CANARY = "kanarienvogel"
ACME, INTRUDER, FAR = "acme", "intruder", "far"
PASSWORD = "correct horse battery"
OWNER_EMAIL = "olga@acme.example"
CUSTOMER = "mette@customer.example"
NUMBERS = count(1)  # no two things made by worlds have the same key
COOKIES = ("parley_agent", "parley_live", "parley_files")


def host_of(name: str) -> str:
    return f"{name}.{settings.BASE_DOMAIN}"


class World:
    """The account acme at NOON, entered. Each row it makes comes of the product's own actions."""

    def __init__(self, address: AccountAddress) -> None:
        self.address = address
        self.intruder: AccountAddress

    @property
    def host(self) -> str:
        return self.address.host

    @cached_property
    def account(self) -> Account:
        return Account.objects.get()

    @cached_property
    def owner(self) -> Agent:
        return Agent.objects.select_related("login").get(login__role=Login.Role.OWNER)

    @cached_property
    def general(self) -> Department:
        return team_queries.default_department()

    def department(self, name: str = "Sales", *, mail_name: str = "") -> Department:
        mail_name = mail_name or f"{name.lower().replace(' ', '-')}-{next(NUMBERS)}"
        return team.add_department(name, mail_name=mail_name, by=SYSTEM)

    def agent(
        self,
        name: str = "Ada",
        *departments: Department,
        role: str = Login.Role.AGENT,
        email: str = "",
        password: str = PASSWORD,
        works_as: str = "solver",
    ) -> Agent:
        """An agent of these departments; of General where none is named."""
        email = email or f"{name.lower().replace(' ', '.')}.{next(NUMBERS)}@acme.example"
        agent = team.add_agent(name, email=email, role=role, password=password, by=SYSTEM)
        if departments or works_as != "solver":
            team.set_member(self.general, agent, role=None, by=SYSTEM)
        for department in departments or ((self.general,) if works_as != "solver" else ()):
            team.set_member(department, agent, role=works_as, by=SYSTEM)
        return Agent.objects.select_related("login").get(pk=agent.pk)

    def contact(self, email: str = CUSTOMER, *, name: str = "Mette Holm") -> Contact:
        return contacts.known_as(email, name=name, by=SYSTEM)

    def said(
        self,
        text: str = "It does not glow.",
        *,
        ticket: Ticket | None = None,
        email: str = CUSTOMER,
        name: str = "Mette Holm",
        subject: str = "Broken lamp",
        html: str | None = None,
        department: Department | None = None,
        files: Sequence[File] = (),
        key: str = "",
        automatic: bool = False,
    ) -> MessageGroup:
        """A customer's words, past the channel: into the ticket, or into a new one."""
        inbound = Inbound(
            key=key or f"test:{next(NUMBERS)}",
            channel="E",
            group_type="3",
            author=Person(email, name),
            subject=subject,
            text=text,
            html=html,
            files=files,
            ticket=ticket and ticket.pk,
            department=department and department.pk,
            automatic=automatic,
        )
        return tickets.receive(inbound, by=SYSTEM)

    def ticket(
        self,
        *,
        status: str = "",
        assignee: Agent | None = None,
        code: str = "",
        public_id: str = "",
        **said: Any,
    ) -> Ticket:
        """A ticket by mail from CUSTOMER, new and nobody's unless said otherwise (see `said`). A status is
        put there, past the acts that lead to it."""
        ticket = Ticket.objects.get(pk=self.said(**said).ticket_id)
        given = {"status": status, "assignee": assignee, "code": code, "public_id": public_id}
        if given := {name: value for name, value in given.items() if value}:
            Ticket.objects.filter(pk=ticket.pk).update(**given)
        return Ticket.objects.select_related("department", "assignee", "requester").get(pk=ticket.pk)

    def file(
        self,
        content: bytes = b"%PDF-1.7",
        *,
        name: str = "bill.pdf",
        content_type: str = "application/pdf",
    ) -> File:
        return File(stored_files.keep(content, name=name, content_type=content_type))

    def answer(
        self,
        ticket: Ticket,
        text: str = "Have you tried to switch it on?",
        *,
        author: Agent | None = None,
        html: str | None = None,
        files: Sequence[File] = (),
        client_id: str = "",
        version: int | None = None,
        resolve_too: bool = False,
    ) -> MessageGroup:
        """By the owner unless said otherwise, who has seen everything unless said otherwise."""
        author = author or self.owner
        return tickets.reply(
            ticket,
            Words(text=text, html=html, files=tuple(files)),
            author=author,
            version=self._version(ticket) if version is None else version,
            client_id=client_id or f"answer-{next(NUMBERS)}",
            resolve_too=resolve_too,
            by=author.actor,
        )

    def note(
        self,
        ticket: Ticket,
        text: str = "He has a lamp of 1998.",
        *,
        author: Agent | None = None,
        client_id: str = "",
    ) -> MessageGroup:
        author = author or self.owner
        return tickets.add_note(
            ticket,
            Words(text=text),
            author=author,
            client_id=client_id or f"note-{next(NUMBERS)}",
            by=author.actor,
        )

    def _version(self, ticket: Ticket) -> int:
        return Ticket.objects.values_list("version", flat=True).get(pk=ticket.pk)

    def mail(
        self,
        raw: bytes | None = None,
        *,
        sender: str = CUSTOMER,
        sender_name: str = "Mette Holm",
        to: str | Sequence[str] = "",
        subject: str = "Broken lamp",
        text: str = "It does not glow.",
        html: str = "",
        headers: Mapping[str, str] | None = None,
        attachments: Sequence[tuple[str, str, bytes]] = (),
    ) -> IncomingMail:
        """A mail as a server hands it over, read at once: raw bytes, or made of these fields. `attachments`
        are (name, content type, bytes). Returns the row as it is then; `.group.ticket` is where the mail
        went."""
        recipients = [to] if isinstance(to, str) else list(to)
        recipients = [each or f"support@{self.host}" for each in recipients]
        if raw is None:
            shown = f"{sender_name} <{sender}>" if sender_name else sender
            raw = _mail(
                shown, recipients, subject, text, html, headers or {}, attachments, next(NUMBERS)
            )
        row = accept(raw, envelope_from=sender, recipients=recipients, source="smtp")
        self.work()
        return IncomingMail.objects.select_related("group__ticket", "group__contact").get(pk=row.pk)

    def sign_in(self, client: Any, agent: Agent) -> Any:
        """The browser is the agent's from now on: cookies and host."""
        login = agent.login
        assert login is not None
        secret = sign_in.open_session(login, by=SYSTEM)
        for name in COOKIES:
            client.cookies[name] = secret
        client.defaults["HTTP_HOST"] = self.host
        return client

    def settle(self) -> None:
        """Until nothing new follows: reactors, and the jobs that are due."""
        while reactors.settle() + self.work():
            pass

    def work(self) -> int:
        """Jobs as the worker does them, quick and outside ones, except that failures rise. How many."""
        did = 0
        while mine := jobs.claim(20, by="test", lease=timedelta(minutes=1)):
            for job in mine:
                jobs.run(job)
            did += len(mine)
        return did

    def advance(self, **delta: float) -> None:
        """Move the clock; every timer on the way fires at its own instant, with all that it causes."""
        start = clock.now()
        clock.move(**delta)
        target = clock.now()
        clock.move(to=start)
        self.settle()
        while timer := timers.next_due(target):
            clock.move(to=max(timer.due_at, clock.now()))
            timers.fire(timer)
            self.settle()
        clock.move(to=target)
        periodic.enqueue_due()
        self.settle()


def _mail(
    shown: str,
    to: list[str],
    subject: str,
    text: str,
    html: str,
    headers: Mapping[str, str],
    attachments: Sequence[tuple[str, str, bytes]],
    number: int,
) -> bytes:
    mail = EmailMessage()
    fields = {
        "From": shown,
        "To": ", ".join(to),
        "Subject": subject,
        "Date": "Wed, 02 Jan 2030 12:00:00 +0000",
        "Message-ID": f"<{number}.test@customer.example>",
    }
    for name, value in (fields | dict(headers)).items():
        if value:
            mail[name] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    for name, content_type, content in attachments:
        kind, _, subtype = content_type.partition("/")
        mail.add_attachment(content, maintype=kind, subtype=subtype, filename=name)
    return mail.as_bytes()


def open_acme() -> AccountAddress:
    """The account of the tests, everything settled."""
    opening = Opening(ACME, title="Acme Lamps", cell=settings.CELLS[0])
    with clock.stopped(NOON):
        address = open_desk(opening, owner=Owner(OWNER_EMAIL, "Olga", PASSWORD), by=SYSTEM)
        with account_scope(address.pk):
            World(address).settle()
    return address


def operator() -> Actor:
    return Actor("operator", 1)
