"""A ticket is everything said between one customer and the team about one thing.

It is a row of message groups (one act of communication or one act on the ticket: a mail, an answer, a
note, a transfer), each with messages (its text, the text it quotes, its files). Letters are LiveAgent's
(API.md §5), so that its API is answered without translation.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from parley.desk.contacts.models import Contact
from parley.desk.team.models import Agent, Department
from parley.kernel import clock
from parley.kernel.links import AccountForeignKey
from parley.kernel.numbers import PublicIdField, ticket_code
from parley.kernel.policies import Policy
from parley.kernel.stored_files import StoredFile
from parley.kernel.tenancy import AccountModel


class Status(models.TextChoices):
    INIT = "I", pgettext_lazy("ticket status", "Init")
    NEW = "N", pgettext_lazy("ticket status", "New")
    CHATTING = "T", pgettext_lazy("ticket status", "Chatting")
    CALLING = "P", pgettext_lazy("ticket status", "Calling")
    OPEN = "C", pgettext_lazy("ticket status", "Open")
    ANSWERED = "A", pgettext_lazy("ticket status", "Answered")
    POSTPONED = "W", pgettext_lazy("ticket status", "Postponed")
    RESOLVED = "R", pgettext_lazy("ticket status", "Resolved")
    CLOSED = "L", pgettext_lazy("ticket status", "Closed")
    DELETED = "X", pgettext_lazy("ticket status", "Deleted")
    SPAM = "B", pgettext_lazy("ticket status", "Spam")


class Ticket(AccountModel):
    public_id = PublicIdField()
    code = models.CharField(max_length=13, default=ticket_code)  # ABC-DEFGH-123, in subjects
    subject = models.CharField(max_length=500)
    status = models.CharField(max_length=1, choices=Status, default=Status.NEW)
    channel = models.CharField(max_length=1, default="E")  # API.md §5: E e-mail, B chat button, …
    department = AccountForeignKey(Department, models.PROTECT)
    assignee = AccountForeignKey(Agent, models.SET_NULL, null=True)
    requester = AccountForeignKey(Contact, models.SET_NULL, null=True)
    created_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now)
    resolved_at = models.DateTimeField(null=True)
    # The summary that lists show, kept in the action that changes it.
    last_message_at = models.DateTimeField(default=clock.now)
    preview = models.CharField(max_length=200, blank=True)
    #: Position of the last message group: what the author of a reply has to have seen.
    version = models.PositiveIntegerField(default=0)

    data_policy = Policy(personal=("subject", "preview"), erased="row")

    class Meta(AccountModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["account", "public_id"], name="ticket_public_id"),
            models.UniqueConstraint(fields=["account", "code"], name="ticket_code"),
        ]
        indexes = [
            models.Index(fields=["account", "-last_message_at", "-id"], name="ticket_latest"),
            models.Index(
                fields=["account", "department", "-last_message_at", "-id"], name="ticket_of_department"
            ),
            models.Index(
                fields=["account", "assignee", "-last_message_at", "-id"], name="ticket_of_assignee"
            ),
            models.Index(
                fields=["account", "status", "-last_message_at", "-id"], name="ticket_by_status"
            ),
            models.Index(
                fields=["account", "requester", "-last_message_at"], name="ticket_of_requester"
            ),
        ]

    @property
    def status_label(self) -> str:
        """In the reader's language. Django's own way builds the list of all choices each time."""
        return str(Status(self.status).label)


class GroupType(models.TextChoices):
    """LiveAgent's letters; what each is called is in docs/glossary.md."""

    INCOMING_EMAIL = "3"
    OUTGOING_EMAIL = "4"
    NOTE = "I"
    TRANSFER = "T"
    RESOLVE = "R"


#: Said to or by the customer; all else is among ourselves.
PUBLIC_GROUPS = frozenset({GroupType.INCOMING_EMAIL, GroupType.OUTGOING_EMAIL})


class MessageGroup(AccountModel):
    public_id = PublicIdField()
    ticket = AccountForeignKey(Ticket, models.CASCADE, related_name="groups")
    position = models.PositiveIntegerField()  # gapless in the ticket, from 1
    type = models.CharField(max_length=1, choices=GroupType)
    agent = AccountForeignKey(Agent, models.SET_NULL, null=True)  # whose words; or
    contact = AccountForeignKey(Contact, models.SET_NULL, null=True)
    created_at = models.DateTimeField(default=clock.now)
    #: Made by whoever writes; the same again gives the same group. Empty: ours.
    client_id = models.CharField(max_length=80, blank=True)

    data_policy = Policy(erased="row")

    class Meta(AccountModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["account", "ticket", "position"], name="group_position"),
            models.UniqueConstraint(fields=["account", "public_id"], name="group_public_id"),
            models.UniqueConstraint(
                fields=["account", "client_id"], condition=~Q(client_id=""), name="group_client_id"
            ),
        ]

    @property
    def is_public(self) -> bool:
        return self.type in PUBLIC_GROUPS


class Message(AccountModel):
    class Type(models.TextChoices):
        TEXT = "M"
        QUOTED = "Q"
        FILE = "F"
        NOTE = "N"

    class Format(models.TextChoices):
        TEXT = "T"
        HTML = "H"

    public_id = PublicIdField()
    group = AccountForeignKey(MessageGroup, models.CASCADE, related_name="messages")
    position = models.PositiveSmallIntegerField()
    type = models.CharField(max_length=1, choices=Type)
    format = models.CharField(max_length=1, choices=Format, default=Format.TEXT)
    body = models.TextField(blank=True)  # HTML is cleaned before it is stored
    file = AccountForeignKey(StoredFile, models.PROTECT, null=True)
    content_id = models.CharField(max_length=250, blank=True)  # of an inline image
    created_at = models.DateTimeField(default=clock.now)

    data_policy = Policy(personal=("body",), erased="row")

    class Meta(AccountModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["account", "group", "position"], name="message_position"),
            models.UniqueConstraint(fields=["account", "public_id"], name="message_public_id"),
        ]
        indexes = [models.Index(fields=["account", "file"], name="message_file")]
