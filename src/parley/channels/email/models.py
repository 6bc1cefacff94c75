"""Facts of mail: what came in, which Message-IDs belong to which ticket, what goes out to whom."""

from django.db import models
from django.db.models import Q

from parley.desk.tickets.models import MessageGroup, Ticket
from parley.kernel import clock
from parley.kernel.links import AccountForeignKey
from parley.kernel.numbers import PublicIdField
from parley.kernel.policies import Policy
from parley.kernel.stored_files import StoredFile
from parley.kernel.tenancy import AccountModel

LONGEST_MESSAGE_ID = 250


class IncomingMail(AccountModel):
    """One mail as it arrived. Its bytes are on disk before anybody was told that we have it."""

    class State(models.TextChoices):
        RECEIVED = "received"  # waits to be read
        FILED = "filed"  # is a message group of a ticket
        UNREADABLE = "unreadable"  # is a ticket with the raw file

    public_id = PublicIdField()
    raw = AccountForeignKey(StoredFile, models.PROTECT)
    source = models.CharField(max_length=20)  # smtp
    envelope_from = models.CharField(max_length=320, blank=True)
    envelope_to = models.JSONField()  # list of addresses of this account
    digest = models.CharField(max_length=64)  # of content and envelope
    #: The digest again while the same bytes are taken for a repetition of this mail; empty: they never
    #: are.
    once = models.CharField(max_length=64, blank=True, default="")
    received_at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    message_id = models.CharField(max_length=LONGEST_MESSAGE_ID, blank=True)
    references = models.TextField(blank=True)  # separated by blanks
    group = AccountForeignKey(MessageGroup, models.SET_NULL, null=True)
    #: Why it is where it is: {"by": …} and what was found. Shown as "why is this here?".
    evidence = models.JSONField(default=dict)
    error = models.CharField(max_length=500, blank=True)

    data_policy = Policy(personal=("envelope_from", "envelope_to"), erased="row")

    class Meta(AccountModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["account", "public_id"], name="incoming_mail_public_id"),
            models.UniqueConstraint(
                fields=["account", "once"], condition=~Q(once=""), name="incoming_mail_once"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "group"], name="incoming_mail_group"),
            models.Index(fields=["account", "state", "received_at"], name="incoming_mail_state"),
        ]


class KnownMessageId(AccountModel):
    """A Message-ID that was seen in a ticket. Several may carry the same: senders are careless."""

    message_id = models.CharField(max_length=LONGEST_MESSAGE_ID)
    ticket = AccountForeignKey(Ticket, models.CASCADE)
    group = AccountForeignKey(MessageGroup, models.CASCADE)

    data_policy = Policy(erased="row")

    class Meta(AccountModel.Meta):
        indexes = [models.Index(fields=["account", "message_id"], name="known_message_id")]


class OutgoingMail(AccountModel):
    """One mail as it is to leave. Composed to bytes by the job that sends it, always to the same
    bytes."""

    public_id = PublicIdField()
    message_id = models.CharField(max_length=LONGEST_MESSAGE_ID)
    in_reply_to = models.CharField(max_length=LONGEST_MESSAGE_ID, blank=True)
    references = models.TextField(blank=True)  # separated by blanks
    from_name = models.CharField(max_length=250, blank=True)
    from_email = models.CharField(max_length=320)
    reply_to = models.CharField(max_length=320, blank=True)
    subject = models.CharField(max_length=600)
    text = models.TextField()
    html = models.TextField(blank=True)
    quoted_line = models.CharField(max_length=500, blank=True)  # "On … wrote:", in the reader's language
    quoted_text = models.TextField(blank=True)
    quoted_html = models.TextField(blank=True)
    automatic = models.BooleanField(default=False)  # Auto-Submitted: auto-generated
    #: Carries a key (invitation, reset): its words are blanked once a real server has it.
    is_secret = models.BooleanField(default=False)
    ticket = AccountForeignKey(Ticket, models.CASCADE, null=True)
    group = AccountForeignKey(MessageGroup, models.CASCADE, null=True)
    created_at = models.DateTimeField(default=clock.now)

    data_policy = Policy(
        personal=("subject", "text", "html", "quoted_line", "quoted_text", "quoted_html", "from_name"),
        erased="row",
    )

    class Meta(AccountModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["account", "public_id"], name="outgoing_mail_public_id"),
            models.UniqueConstraint(fields=["account", "message_id"], name="outgoing_message_id"),
        ]
        indexes = [
            models.Index(fields=["account", "-created_at", "-id"], name="outgoing_mail_latest"),
            models.Index(fields=["account", "group"], name="outgoing_mail_group"),
        ]


class Delivery(AccountModel):
    """One recipient of one mail, and how far it got."""

    class State(models.TextChoices):
        QUEUED = "queued"
        CLAIMED = "claimed"  # a worker has it and has not offered the content yet
        HANDING_OVER = "handing_over"  # the content is on its way: whoever dies now leaves it uncertain
        HANDED_OVER = "handed_over"
        DELIVERED = "delivered"
        BOUNCED = "bounced"
        FAILED = "failed"
        UNCERTAIN = "uncertain"  # never sent again by itself

    class Field(models.TextChoices):
        TO = "to"
        CC = "cc"
        BCC = "bcc"

    mail = AccountForeignKey(OutgoingMail, models.CASCADE, related_name="deliveries")
    address = models.CharField(max_length=320)
    name = models.CharField(max_length=250, blank=True)
    field = models.CharField(max_length=3, choices=Field, default=Field.TO)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    transport = models.CharField(max_length=10, blank=True)  # caught, relay
    attempts = models.PositiveSmallIntegerField(default=0)
    reply = models.CharField(max_length=500, blank=True)  # what the server said, with its code
    handed_over_at = models.DateTimeField(null=True)

    data_policy = Policy(personal=("address", "name", "reply"), erased="row")

    class Meta(AccountModel.Meta):
        indexes = [
            models.Index(fields=["account", "mail"], name="delivery_of_mail"),
            models.Index(fields=["account", "state"], name="delivery_state"),
        ]
