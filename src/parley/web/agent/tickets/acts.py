"""What an agent does to a ticket, each a resource with a URL. The answer is the ticket as it is then."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from parley.desk.ports import File
from parley.desk.team import queries as team
from parley.desk.tickets import actions, queries
from parley.desk.tickets.messages import Words
from parley.desk.tickets.models import Ticket
from parley.kernel import stored_files
from parley.kernel.actions import Refusal
from parley.web.responses import Toast, respond, wants_partial
from parley.web.shell.doors import open_to

from .forms import AssignmentForm, DepartmentForm, WordsForm
from .pages import ticket_page
from .views import visible

Act = Callable[[Ticket], object]


@require_POST
@open_to("agents")
def reply(request: HttpRequest, code: str) -> HttpResponse:
    form = WordsForm(request.POST, request.FILES)
    is_resolving = request.POST.get("then") == "resolve"

    def act(ticket: Ticket) -> None:
        actions.reply(
            ticket,
            _words(form),
            author=_agent(request),
            version=form.cleaned_data["version"],
            client_id=form.cleaned_data["client_id"],
            resolve_too=is_resolving,
            by=_agent(request).actor,
        )

    said = _("Sent, and resolved") if is_resolving else _("Sent")
    return _done(request, code, act, form=form, face="reply", toast=said)


@require_POST
@open_to("agents")
def note(request: HttpRequest, code: str) -> HttpResponse:
    form = WordsForm(request.POST, request.FILES)

    def act(ticket: Ticket) -> None:
        actions.add_note(
            ticket,
            _words(form),
            author=_agent(request),
            client_id=form.cleaned_data["client_id"],
            by=_agent(request).actor,
        )

    return _done(request, code, act, form=form, face="note", toast=_("Noted"))


@require_POST
@open_to("agents")
def assignment(request: HttpRequest, code: str) -> HttpResponse:
    form = AssignmentForm(request.POST, agents=team.agents())
    return _done(
        request,
        code,
        lambda ticket: actions.assign(ticket, to=form.cleaned_data["agent"], by=_agent(request).actor),
        form=form,
    )


@require_POST
@open_to("agents")
def department(request: HttpRequest, code: str) -> HttpResponse:
    form = DepartmentForm(request.POST, departments=team.departments())
    return _done(
        request,
        code,
        lambda ticket: actions.transfer(
            ticket, to=form.cleaned_data["department"], by=_agent(request).actor
        ),
        form=form,
        toast=_("Transferred"),
    )


@open_to("agents")
def resolution(request: HttpRequest, code: str) -> HttpResponse:
    """POST resolves, DELETE (or POST with _method=DELETE) reopens."""
    if request.method not in ("POST", "DELETE"):
        return HttpResponseNotAllowed(["POST", "DELETE"])
    if request.method == "DELETE" or request.POST.get("_method") == "DELETE":
        return _done(request, code, lambda ticket: actions.reopen(ticket, by=_agent(request).actor))
    return _done(
        request,
        code,
        lambda ticket: actions.resolve(ticket, by=_agent(request).actor),
        toast=_("Resolved"),
    )


def _done(
    request: HttpRequest,
    code: str,
    act: Act,
    *,
    form: Any = None,
    face: str = "",
    toast: str = "",
) -> HttpResponse:
    ticket = visible(request, code)
    if form is not None and not form.is_valid():
        return _refused(request, ticket, face, form.first_error, 422)
    try:
        act(ticket)
    except Refusal as refusal:
        return _refused(request, ticket, face, str(refusal.message), 409)
    return _as_it_is(request, code, toast)


def _as_it_is(request: HttpRequest, code: str, toast: str) -> HttpResponse:
    """The ticket after the act; the list, when the act took it out of the agent's sight."""
    listing = reverse("tickets")
    try:
        ticket = _seen(request, code)
    except Ticket.DoesNotExist:
        response = respond(request, "agent/tickets/_gone.html", {}, to=listing, toast=Toast(toast))
        response["HX-Redirect"] = listing
        return response
    return respond(
        request,
        "agent/tickets/_ticket.html",
        ticket_page(request, ticket),
        to=reverse("ticket", args=[code]),
        toast=Toast(toast) if toast else None,
    )


def _refused(request: HttpRequest, ticket: Ticket, face: str, text: str, status: int) -> HttpResponse:
    """What was typed stays; what is new in the ticket is shown with it."""
    fresh = _seen(request, ticket.code)
    typed: Mapping[str, str] = {"reply": "", "note": ""} | (
        {face: request.POST.get("text", "")} if face else {}
    )
    context = ticket_page(request, fresh) | {"typed": typed, "refusal": text}
    if wants_partial(request):
        return render(request, "agent/tickets/_ticket.html", context, status=status)
    return render(request, "agent/tickets/alone.html", context, status=status)


def _seen(request: HttpRequest, code: str) -> Ticket:
    return queries.get(code, seen_by=_agent(request))


def _words(form: WordsForm) -> Words:
    files = [
        File(stored_files.keep(each.file, name=each.name, content_type=each.content_type or ""))
        for each in form.cleaned_data["files"]
    ]
    return Words(text=form.cleaned_data["text"], files=tuple(files))


def _agent(request: HttpRequest) -> Any:
    return request.agent  # type: ignore[attr-defined]
