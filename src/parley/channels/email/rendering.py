"""The bytes of an outgoing mail: made from its row, the same ones each time."""

import re

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_datetime_format, get_timezone
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _

from parley.accounts.models import Account
from parley.desk.contacts.queries import main_address
from parley.desk.tickets.models import Message, MessageGroup

from .addresses import Address
from .compose import Draft, Quoted, compose
from .models import Delivery, OutgoingMail
from .parsed import Attachment


def composed(mail: OutgoingMail) -> bytes:
    """All recipients are named in the headers but the blind ones. Raises ValueError as compose does."""
    rows = Delivery.objects.filter(mail=mail).order_by("id")
    named = {
        field: tuple(Address(row.name, row.address) for row in rows if row.field == field)
        for field in ("to", "cc")
    }
    quoted = None
    if mail.quoted_line:
        quoted = Quoted(mail.quoted_line, mail.quoted_text, mail.quoted_html or None)
    html, files = _with_files(mail)
    return compose(
        Draft(
            from_=Address(mail.from_name, mail.from_email),
            to=named["to"],
            cc=named["cc"],
            reply_to=Address(mail.from_name, mail.reply_to) if mail.reply_to else None,
            subject=mail.subject,
            text=mail.text,
            html=html or None,
            attachments=files,
            message_id=mail.message_id,
            in_reply_to=mail.in_reply_to,
            references=tuple(mail.references.split()),
            date=mail.created_at,
            headers=(("Auto-Submitted", "auto-generated"),) if mail.automatic else (),
            quoted=quoted,
        )
    )


def _with_files(mail: OutgoingMail) -> tuple[str, tuple[Attachment, ...]]:
    """The HTML, whose pictures from our own store become parts of the mail, and the files."""
    if not mail.group_id:
        return mail.html, ()
    rows = Message.objects.filter(group=mail.group_id, type=Message.Type.FILE).select_related("file")
    html, files = mail.html, []
    for row in rows.order_by("position"):
        own = re.compile(rf'src="/files/{row.file.public_id}/[^"]*"')
        content_id = row.content_id or (f"{row.file.public_id}@parley" if own.search(html) else "")
        html = own.sub(f'src="cid:{content_id}"', html)
        files.append(_attachment(row, content_id))
    return html, tuple(files)


def _attachment(row: Message, content_id: str) -> Attachment:
    with row.file.open() as content:
        return Attachment(
            name=row.file.name,
            content_type=row.file.content_type,
            content=content.read(),
            content_id=content_id,
            inline=bool(content_id),
        )


def quoted_line(group: MessageGroup) -> str:
    """ "On 3 March 2031, 12:04, Mette Holm wrote:", in the active language and the account's time
    zone."""
    locale, zone = _locale(), get_timezone(Account.objects.get().time_zone)
    local = group.created_at.astimezone(zone)
    pattern = str(get_datetime_format("long", locale)).replace("'", "")
    time = format_time(local, "short", tzinfo=zone, locale=locale)
    when = pattern.replace("{1}", format_date(local, "long", locale)).replace("{0}", time)
    who = group.contact.name or main_address(group.contact) if group.contact else _("you")
    return _("On %(when)s, %(who)s wrote:") % {"when": when, "who": who}


def _locale() -> Locale:
    """Plain English is written as most of the world writes it: day before month, 24 hours."""
    language = get_language() or "en"
    try:
        return Locale.parse("en_GB" if language == "en" else to_locale(language))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")
