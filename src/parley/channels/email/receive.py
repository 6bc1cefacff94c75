"""From raw bytes to the desk: accept first, understand afterwards.

`accept` runs while the sender waits for the 250: bytes on disk, a row, a job. Understanding is the
job's: what it cannot read becomes a ticket with the raw file.
"""

import hashlib
import re
from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import override

from parley.accounts.models import Account
from parley.desk import ports
from parley.desk.team import queries as team
from parley.kernel import html, stored_files
from parley.kernel.actors import SYSTEM
from parley.kernel.jobs import Then, job
from parley.kernel.retries import attempt

from . import actions
from .addresses import is_address, normalise
from .charsets import storable
from .identity import NOBODY
from .mime import parse
from .models import IncomingMail
from .parsed import Attachment, Malformed, ParsedMail
from .quotes import Reply, split_reply
from .quotes_html import split_reply_html
from .threading import Place, place

RAW_TYPE = "message/rfc822"
LONGEST_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3
_NOT_IN_A_LINK = re.compile(r"[^\w.-]+")


def accept(raw: bytes, *, envelope_from: str, recipients: list[str], source: str) -> IncomingMail:
    """The mail is ours when this returns: synced to disk, with its row. `recipients` are addresses of
    the account in scope. The same bytes in the same envelope within a week, when they carry a
    Message-ID, are a sender who did not hear our 250: they are not taken twice.
    """
    envelope = "\n".join([storable(envelope_from), *sorted(recipients)]).encode()
    digest = hashlib.sha256(hashlib.sha256(raw).digest() + envelope).hexdigest()
    kept = stored_files.keep(raw, name="message.eml", content_type=RAW_TYPE)
    return actions.accept(
        kept,
        digest=digest,
        envelope_from=storable(envelope_from)[:320],
        recipients=recipients,
        source=source,
        repeatable=_has_message_id(raw),
        by=SYSTEM,
    )


def _has_message_id(raw: bytes) -> bool:
    head = b"\n" + raw[: 64 * 1024].lower().replace(b"\r\n", b"\n")
    return b"\nmessage-id:" in head.partition(b"\n\n")[0]


@job("email.understand")
def understand(mail: int) -> Then | None:
    """Read a mail that was accepted, and file it. Twice is once."""
    row = IncomingMail.objects.select_related("raw").get(pk=mail)
    if row.state != IncomingMail.State.RECEIVED:
        return None
    with row.raw.open() as content:
        raw = content.read()
    read: list[_Read] = []
    with override(Account.objects.get().language):
        # Whatever a stranger's bytes can do to a parser, the mail has to become a ticket.
        if error := attempt(lambda: read.append(_read(raw, row))):
            why = error.code if isinstance(error, Malformed) else repr(error)
            return partial(
                actions.file_unreadable, row, _unreadable(row), error=storable(why), by=SYSTEM
            )
        parsed = read[0][0]
        sender = _sender(parsed, row)
        where = place(parsed, sender=sender.address, recipients=row.envelope_to)
        inbound = _inbound(row, read[0], sender, where)
    return partial(actions.file, row, inbound, parsed, where, by=SYSTEM)


_Read = tuple[ParsedMail, Reply, tuple[str, str] | None]  # the last: new and quoted HTML


def _read(raw: bytes, row: IncomingMail) -> _Read:
    mail = parse(raw, envelope_sender=row.envelope_from if row.source == "smtp" else None)
    return mail, split_reply(mail.text), split_reply_html(mail.html) if mail.html is not None else None


def _inbound(row: IncomingMail, read: _Read, sender: ports.Person, where: Place) -> ports.Inbound:
    mail, text, halves = read
    files = [_keep(each) for each in mail.attachments]
    body = "\n\n".join(part for part in (text.new, text.signature) if part)
    new_html, quoted, quoted_format = None, text.quoted, "T"
    if halves:
        urls = {each.content_id: _url(each) for each in files if each.content_id}
        new_html = html.clean(halves[0], cid_urls=urls).html
        body = html.to_text(new_html)
        if halves[1]:
            quoted, quoted_format = html.clean(halves[1], cid_urls=urls).html, "H"
    return ports.Inbound(
        key=f"email:{row.public_id}",
        channel="E",
        group_type="3",
        author=sender,
        subject=mail.subject or _("(no subject)"),
        text=storable(body),
        html=new_html,
        quoted=storable(quoted),
        quoted_format=quoted_format,  # type: ignore[arg-type]
        files=files,
        ticket=where.ticket and where.ticket.pk,
        department=_department(row.envelope_to),
        sent_at=mail.date,
        automatic=bool(mail.auto),
    )


def _sender(mail: ParsedMail, row: IncomingMail) -> ports.Person:
    """Reply-To wins over From (forms and lists say there who is meant); the envelope when both are
    broken."""
    for each in (*mail.reply_to, *mail.from_):
        if address := _usable(each.email):
            name = each.name or next((f.name for f in mail.from_ if f.key == each.key), "")
            return ports.Person(address, name)
    return _envelope_sender(row)


def _envelope_sender(row: IncomingMail) -> ports.Person:
    return ports.Person(_usable(row.envelope_from) or NOBODY)


def _usable(email: str) -> str:
    """Normalised, or "" for what nobody can be answered at."""
    address = normalise(email) if is_address(email) else ""
    return address if len(address) <= LONGEST_ADDRESS else ""


def _department(recipients: list[str]) -> int | None:
    for address in recipients:
        local = address.rpartition("@")[0].partition("+")[0]
        if department := team.department_for_mail(local):
            return department.pk
    return None


def _unreadable(row: IncomingMail) -> ports.Inbound:
    kept = stored_files.Kept(
        stored_files.public_id(), row.raw.sha256, row.raw.size, RAW_TYPE, "message.eml"
    )
    return ports.Inbound(
        key=f"email:{row.public_id}",
        channel="E",
        group_type="3",
        author=_envelope_sender(row),
        subject=_("A mail that could not be read"),
        text=_("This mail is broken beyond reading. It is attached as it came."),
        files=[ports.File(kept)],
        department=_department(row.envelope_to),
        automatic=not row.envelope_from,
    )


def _keep(attachment: Attachment) -> ports.File:
    kept = stored_files.keep(
        attachment.content,
        name=attachment.name or "attachment",
        content_type=storable(attachment.content_type),
    )
    return ports.File(kept, storable(attachment.content_id))


def _url(file: ports.File) -> str:
    """The public id finds the file; the name is for the reader, in letters that HTML may keep."""
    return (
        f"/files/{file.kept.public_id}/{_NOT_IN_A_LINK.sub('_', file.kept.name).lstrip('.') or 'file'}"
    )
