"""The departments of an account: their names, addresses and members."""

from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from parley.desk.team import actions, queries
from parley.desk.team.models import Agent, Department
from parley.desk.tickets import queries as tickets
from parley.kernel.actions import Refusal
from parley.web.admin.roles import RolesForm, ids_sent, member_roles
from parley.web.agent.frames import settings_frame
from parley.web.shell.doors import open_to
from parley.web.shell.sent_back import done

from .forms import DepartmentForm, NewDepartmentForm

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@get_or_post
@open_to("admins")
def listing(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _listing(request, NewDepartmentForm())
    form = NewDepartmentForm(request.POST)
    if not form.is_valid():
        return _listing(request, form, 422)
    given = form.cleaned_data
    try:
        department = actions.add_department(
            given["name"], mail_name=given["mail_name"] or None, by=_me(request).actor
        )
    except Refusal as refusal:
        form.refuse(refusal)
        return _listing(request, form, 422)
    said = _("Added. Now choose who works here.")
    return done(request, reverse("department", args=[department.public_id]), said)


@get_or_post
@open_to("admins")
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    department = _department(public_id)
    if request.method != "POST":
        initial = {"name": department.name, "mail_name": department.mail_name}
        return _page(request, department, DepartmentForm(initial=initial))
    form = DepartmentForm(request.POST)
    if not form.is_valid():
        return _page(request, department, form, status=422)
    given = form.cleaned_data
    try:
        actions.change_department(
            department, name=given["name"], mail_name=given["mail_name"], by=_me(request).actor
        )
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(request, department, form, status=422)
    return done(request, reverse("department", args=[public_id]), _("Saved"))


@require_POST
@open_to("admins")
def members(request: HttpRequest, public_id: str) -> HttpResponse:
    """The roles of the agents whose selects were sent; of all others nothing changes."""
    department = _department(public_id)
    sent = ids_sent(request.POST)
    agents = {each.public_id: each for each in queries.agents().filter(public_id__in=sent)}
    if sent - agents.keys():
        raise Http404
    roles = RolesForm(request.POST, agents, _roles_now(department, agents.values()))
    if not roles.is_valid():  # no page of ours sends another role
        raise BadRequest
    chosen = [(department, agents[each], role) for each, role in roles.chosen().items()]
    actions.set_members(chosen, by=_me(request).actor)
    after = request.POST.get("after", "")
    here = reverse("department", args=[public_id])
    return done(request, f"{here}?after={after}" if after.isalnum() else here, _("Saved"))


def _listing(request: HttpRequest, form: NewDepartmentForm, status: int = 200) -> HttpResponse:
    members, waiting = queries.member_counts(), tickets.waiting_for(_me(request)).by_department
    departments = [
        {"row": each, "members": members.get(each.pk, 0), "waiting": waiting.get(each.pk, 0)}
        for each in queries.departments()
    ]
    context = {
        "frame": settings_frame(request, "departments"),
        "departments": departments,
        "host": _host(request),
        "form": form,
    }
    return render(request, "admin/departments/listing.html", context, status=status)


def _page(
    request: HttpRequest, department: Department, form: DepartmentForm, *, status: int = 200
) -> HttpResponse:
    after = request.GET.get("after", "")
    try:
        page = queries.page_of_agents(after=after)
    except Agent.DoesNotExist:
        raise Http404 from None
    now = _roles_now(department, page.rows)
    context = {
        "frame": settings_frame(request, "departments"),
        "department": department,
        "host": _host(request),
        "form": form,
        "page": page,
        "after": after,
        "roles": RolesForm(None, now, now),
        "member_roles": member_roles(),
        "number_of_members": len(queries.roles_in(department)),
    }
    return render(request, "admin/departments/show.html", context, status=status)


def _roles_now(department: Department, agents: Any) -> dict[str, str]:
    roles = queries.roles_in(department)
    return {each.public_id: roles[each.pk] for each in agents if each.pk in roles}


def _department(public_id: str) -> Department:
    try:
        return queries.department(public_id)
    except Department.DoesNotExist:
        raise Http404 from None


def _host(request: HttpRequest) -> str:
    """Where the account takes mail."""
    return request.address.host  # type: ignore[attr-defined]


def _me(request: HttpRequest) -> Any:
    return request.agent  # type: ignore[attr-defined]
