"""The agents of an account: who they are, inviting, changing and deleting them."""

from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from parley.accounts.models import Login
from parley.accounts.sign_in import actions as sign_in
from parley.desk import leaving
from parley.desk.team import actions, queries
from parley.desk.team.models import Agent
from parley.desk.tickets import queries as tickets
from parley.kernel.actions import Refusal
from parley.kernel.throttle import TooMany
from parley.web.admin.roles import RolesForm, given_roles, login_roles, member_roles
from parley.web.agent.frames import settings_frame
from parley.web.responses import SeeOther, Toast, keep_toast, refusals_shown, refused
from parley.web.shell.doors import open_to
from parley.web.shell.sent_back import done

from .forms import AgentForm, InviteForm

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


class InvitedOften(Refusal):
    code = "invited_often"
    message = gettext_lazy(
        "Several invitations were sent within the hour. Wait a while before the next."
    )


@require_GET
@open_to("admins")
def home(request: HttpRequest) -> HttpResponse:
    return SeeOther(reverse("agents"))


@get_or_post
@open_to("admins")
def listing(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        general = queries.default_department().public_id
        form = InviteForm(departments=queries.departments(), initial={"departments": [general]})
        return _listing(request, form)
    form = InviteForm(request.POST, departments=queries.departments())
    if not form.is_valid():
        return _listing(request, form, 422)
    given = form.cleaned_data
    try:
        actions.add_agent(
            given["name"],
            email=given["email"],
            role=given["role"],
            departments=given["departments"],
            by=_me(request).actor,
        )
    except Refusal as refusal:
        form.refuse(refusal)
        return _listing(request, form, 422)
    said = _("The invitation for %(email)s is on its way.") % {"email": given["email"]}
    return done(request, reverse("agents"), said)


@get_or_post
@open_to("admins")
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    agent = _agent(public_id)
    if request.method == "POST" and not _may_change(request, agent):
        return refused(request, sign_in.OneOwner())
    form, roles = _forms(request, agent)
    if request.method != "POST":
        return _page(request, agent, form, roles)
    if not roles.is_valid():  # no page of ours sends another role
        raise BadRequest
    if not form.is_valid():
        return _page(request, agent, form, roles, 422)
    departments = {each.public_id: each for each in queries.departments()}
    members = [(departments[each], agent, role) for each, role in roles.chosen().items()]
    given = form.cleaned_data
    try:
        actions.change_agent(
            agent,
            name=given["name"],
            alias=given["alias"],
            role=given.get("role"),
            members=members,
            by=_me(request).actor,
        )
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(request, agent, form, roles, 409)
    return done(request, reverse("agent", args=[public_id]), _("Saved"))


@require_POST
@open_to("admins")
def invite_again(request: HttpRequest, public_id: str) -> HttpResponse:
    agent = _agent(public_id)
    response = SeeOther(reverse("agent", args=[public_id]))
    try:
        sign_in.invite_again(agent.login, by=_me(request).actor)
    except Refusal as refusal:
        return refused(request, refusal)
    except TooMany as too_many:
        response = refused(request, InvitedOften(), 429)
        response["Retry-After"] = str(too_many.retry_after)
        return response
    said = _("A new invitation is on its way. The link in the earlier one no longer works.")
    keep_toast(request, response, Toast(said))
    return response


@get_or_post
@open_to("admins")
@refusals_shown
def delete(request: HttpRequest, public_id: str) -> HttpResponse:
    """GET says in numbers what will happen, POST does it: it cannot be undone."""
    agent = _agent(public_id)
    if agent == _me(request):
        raise leaving.Oneself
    if not _may_change(request, agent):
        raise sign_in.OneOwner
    if request.method == "POST":
        released = leaving.remove_agent(agent, by=_me(request).actor)
        return done(request, reverse("agents"), _gone(agent.name, released))
    context = {
        "frame": settings_frame(request, "agents"),
        "agent": agent,
        "held": tickets.held_by(agent).count(),
        "waiting": tickets.waiting_of(agent),
        "departments": len(queries.roles_of(agent)),
        "sessions": queries.sessions_of(agent),
    }
    return render(request, "admin/people/deletion.html", context)


def _gone(name: str, released: int) -> str:
    return ngettext(
        "%(name)s is deleted. %(number)d ticket is nobody’s now.",
        "%(name)s is deleted. %(number)d tickets are nobody’s now.",
        released,
    ) % {"name": name, "number": released}


def _listing(request: HttpRequest, form: InviteForm, status: int = 200) -> HttpResponse:
    try:
        page = queries.page_of_agents(after=request.GET.get("after", ""))
    except Agent.DoesNotExist:
        raise Http404 from None
    context = {
        "frame": settings_frame(request, "agents"),
        "page": page,
        "is_first": not request.GET.get("after"),
        "number_of_agents": queries.agents().count(),
        "me": _me(request),
        "form": form,
        "departments": queries.departments(),
        "role_names": login_roles(),
        "given_roles": given_roles(),
    }
    return render(request, "admin/people/listing.html", context, status=status)


def _forms(request: HttpRequest, agent: Agent) -> tuple[AgentForm, RolesForm]:
    """The page's two halves: the agent, and in which departments he works as what."""
    data = request.POST if request.method == "POST" else None
    initial = {"name": agent.name, "alias": agent.alias, "role": agent.login.role}
    form = AgentForm(data, has_role=_has_role(request, agent), initial=initial)
    by_key = {each.pk: each.public_id for each in queries.departments()}
    now = {by_key[key]: role for key, role in queries.roles_of(agent).items() if key in by_key}
    return form, RolesForm(data, by_key.values(), now)


def _page(
    request: HttpRequest, agent: Agent, form: AgentForm, roles: RolesForm, status: int = 200
) -> HttpResponse:
    context = {
        "frame": settings_frame(request, "agents"),
        "agent": agent,
        "is_me": agent == _me(request),
        "may_change": _may_change(request, agent),
        "has_role": _has_role(request, agent),
        "form": form,
        "roles": roles,
        "departments": queries.departments(),
        "role_names": login_roles(),
        "given_roles": given_roles(),
        "member_roles": member_roles(),
    }
    return render(request, "admin/people/show.html", context, status=status)


def _may_change(request: HttpRequest, agent: Agent) -> bool:
    """Admins manage agents and each other; the owner only himself."""
    return agent.login.role != Login.Role.OWNER or agent == _me(request)


def _has_role(request: HttpRequest, agent: Agent) -> bool:
    """The owner's role is fixed, and nobody locks himself out."""
    return agent.login.role != Login.Role.OWNER and agent != _me(request)


def _agent(public_id: str) -> Agent:
    try:
        return queries.agent(public_id)
    except Agent.DoesNotExist:
        raise Http404 from None


def _me(request: HttpRequest) -> Any:
    return request.agent  # type: ignore[attr-defined]
