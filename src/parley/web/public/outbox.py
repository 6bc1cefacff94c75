"""The mail that was caught, to be read in a browser or by a script. Development only, else 404."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from parley.channels.email import queries as mail
from parley.channels.email.models import OutgoingMail
from parley.channels.email.rendering import composed
from parley.kernel.cells import AccountAddress, account_scope
from parley.kernel.html import clean
from parley.saas import outbox

LATEST = 100
REFRESH_SECONDS = 5
#: Nothing is loaded and nothing runs; the frame has an origin of its own.
FRAME_POLICY = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
)
View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Caught:
    """A mail with the name of its account and its entry for scripts."""

    mail: OutgoingMail
    cell: str
    account: str
    entry: dict[str, str]


def in_development(view: View) -> View:
    """404 where the installation sends real mail or strangers can reach it."""

    @wraps(view)
    def shown(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not outbox.is_open():
            raise Http404
        return view(request, *args, **kwargs)

    return shown


@in_development
def outbox_list(request: HttpRequest) -> HttpResponse:
    """The latest hundred, the newest first."""
    return render(request, "public/outbox.html", {"mails": _latest(), "refresh": REFRESH_SECONDS})


@in_development
def outbox_json(request: HttpRequest) -> JsonResponse:
    """The same as an array of objects: id, to, subject, message_id, in_reply_to, references, state,
    text."""
    return JsonResponse([each.entry for each in _latest()], safe=False)


@in_development
def outbox_mail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One mail with its headers, its text, and its HTML in a frame."""
    return render(request, "public/outbox_mail.html", {"caught": _one(public_id)})


@in_development
def outbox_body(request: HttpRequest, public_id: str) -> HttpResponse:
    """The HTML of one mail as its reader sees it, for the frame."""
    found = _one(public_id)
    return HttpResponse(
        clean(found.mail.html).html,
        headers={"Content-Security-Policy": FRAME_POLICY},
    )


@in_development
def outbox_raw(request: HttpRequest, public_id: str) -> HttpResponse:
    """The bytes that a relay would have got."""
    found = _one(public_id)
    with account_scope(found.mail.account_id, cell=found.cell):
        raw = composed(found.mail)
    name = f'attachment; filename="{found.mail.public_id}.eml"'
    return HttpResponse(raw, content_type="message/rfc822", headers={"Content-Disposition": name})


def _latest() -> list[Caught]:
    rows = outbox.from_every_account(lambda: mail.caught()[:LATEST])
    rows.sort(key=lambda row: (row[1].created_at, row[1].pk), reverse=True)
    return list(_named(rows[:LATEST]))


def _one(public_id: str) -> Caught:
    rows = outbox.from_every_account(lambda: mail.caught().filter(public_id=public_id))
    if not rows:
        raise Http404
    return next(_named(rows))


def _named(rows: list[tuple[str, OutgoingMail]]) -> Iterator[Caught]:
    accounts = {row.account_id for _, row in rows}
    names = dict(AccountAddress.objects.filter(pk__in=accounts).values_list("pk", "name"))
    for cell, row in rows:
        yield Caught(row, cell, names.get(row.account_id, ""), mail.entry(row))
