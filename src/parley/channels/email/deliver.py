"""From the desk to mail servers: an answer becomes an outgoing mail, each recipient a job.

`EmailChannel` is what the desk knows of us, `EmailPostman` what sends the product's own letters.
"""

import re
from functools import partial

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from parley.accounts.models import Account
from parley.desk import ports
from parley.desk.contacts import queries as contacts
from parley.desk.team import queries as team
from parley.desk.tickets.models import GroupType, Message, MessageGroup, Ticket
from parley.kernel import html
from parley.kernel.actors import SYSTEM
from parley.kernel.jobs import Then, job

from . import actions, identity
from .compose import reply_subject
from .models import Delivery, IncomingMail, OutgoingMail
from .rendering import composed, quoted_line
from .transport import Refused, Transport, Uncertain, transport

#: A picture of our own store: nobody outside can load it.
_OWN_PICTURE = re.compile(r'<img\b[^>]*\bsrc="/files/[^"]*"[^>]*>')


class EmailChannel:
    """What the desk can do with mail."""

    name = "email"
    letters = frozenset("EM")  # mail, and forms, whose senders are answered by mail
    answer_type = GroupType.OUTGOING_EMAIL

    def deliver(self, outbound: ports.Outbound) -> None:
        """Queues the answer for the ticket's requester. Called again for the same group: nothing."""
        if OutgoingMail.objects.filter(group_id=outbound.group).exists():
            return
        group = MessageGroup.objects.select_related("agent").get(pk=outbound.group)
        ticket = Ticket.objects.select_related("department", "requester").get(pk=outbound.ticket)
        account = Account.objects.get()
        to = contacts.main_address(ticket.requester) if ticket.requester else ""
        if not to or to == identity.NOBODY:
            return
        with override(ticket.requester.language or account.language):
            mail = _answer(account, ticket, group)
        actions.queue(mail, [actions.Recipient(to, ticket.requester.name)], by=SYSTEM)


class EmailPostman:
    """The product's own letters: invitations, resets."""

    def send(self, letter: ports.Letter) -> None:
        """Queues it, from the account's default department."""
        account = Account.objects.get()
        host = f"{account.address}.{settings.BASE_DOMAIN}"
        mail = OutgoingMail(
            from_name=account.name,
            from_email=f"{team.default_department().mail_name}@{host}",
            subject=letter.subject[:600],
            text=letter.text,
            automatic=True,
            is_secret=letter.is_secret,
        )
        mail.message_id = f"{mail.public_id}.letter@{host}"
        actions.queue(mail, [actions.Recipient(letter.to, letter.to_name)], by=SYSTEM)


def _answer(account: Account, ticket: Ticket, group: MessageGroup) -> OutgoingMail:
    host = f"{account.address}.{settings.BASE_DOMAIN}"
    mail_name = ticket.department.mail_name
    own = Message.objects.filter(group=group, type=Message.Type.TEXT).order_by("position").first()
    is_html = own is not None and own.format == Message.Format.HTML
    mail = OutgoingMail(
        message_id=identity.message_id(ticket.code, group.public_id, host),
        from_name=group.agent.shown_name if group.agent else account.name,
        from_email=f"{mail_name}@{host}",
        reply_to=identity.answer_address(mail_name, ticket.code, host),
        subject=reply_subject(ticket.subject, ticket.code)[:600],
        text=_plain(own),
        html=own.body if own and is_html else "",
        ticket=ticket,
        group=group,
    )
    _continue_thread(mail, ticket, group)
    return mail


def _continue_thread(mail: OutgoingMail, ticket: Ticket, group: MessageGroup) -> None:
    """In-Reply-To is the customer's last mail; References what it referred to, and itself (RFC 5322
    §3.6.4)."""
    before = MessageGroup.objects.select_related("contact").filter(
        ticket=ticket, position__lt=group.position, type=GroupType.INCOMING_EMAIL
    )
    last = before.order_by("-position").first()
    incoming = IncomingMail.objects.filter(group=last).first() if last else None
    if last is None or incoming is None:
        return
    mail.in_reply_to = incoming.message_id
    mail.references = " ".join([*incoming.references.split(), incoming.message_id]).strip()
    said = Message.objects.filter(group=last, type=Message.Type.TEXT).order_by("position").first()
    if said:
        mail.quoted_line = quoted_line(last)[:500]
        mail.quoted_text = _plain(said)
        if said.format == Message.Format.HTML:
            mail.quoted_html = _OWN_PICTURE.sub("", said.body)


def _plain(message: Message | None) -> str:
    if message is None:
        return ""
    return html.to_text(message.body) if message.format == Message.Format.HTML else message.body


@job("email.send")
def send(delivery: int) -> Then | None:
    """One recipient. After the server's word the row says so; before it, whoever dies leaves the row as
    it was (to be tried again) or, with the content on its way, uncertain (never sent again by
    itself)."""
    row = actions.claim(delivery, by=SYSTEM)
    if row is None:
        return None
    means = transport()
    try:
        said = _offer(row, means)
    except actions.Superseded:
        return None
    except Refused as refused:
        return _not_taken(row, means, refused)
    except Uncertain as error:
        why = _("The connection ended before the server's word: %s") % error
        return partial(actions.uncertain, row, transport=means.name, reply=why, by=SYSTEM)
    return partial(actions.handed_over, row, transport=means.name, reply=said, by=SYSTEM)


def _offer(row: Delivery, means: Transport) -> str:
    mail = row.mail
    try:
        content = composed(mail)
    except ValueError as error:  # an address that is none, for instance: it never will be
        raise Refused(_("This mail cannot be written: %s") % error, for_good=True) from error
    return means.send(
        sender=mail.reply_to or mail.from_email,  # a bounce then finds the ticket as an answer does
        recipient=row.address,
        content=content,
        content_follows=partial(actions.handing_over, row, by=SYSTEM),
    )


def _not_taken(row: Delivery, means: Transport, refused: Refused) -> Then:
    return partial(
        actions.not_taken,
        row,
        transport=means.name,
        reply=refused.reply,
        for_good=refused.for_good,
        by=SYSTEM,
    )
