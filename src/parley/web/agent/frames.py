"""What stands around a page of the workspace, for the agent who looks."""

from collections.abc import Sequence

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from parley.desk.team import queries as team
from parley.desk.team.models import Agent, Department
from parley.desk.tickets import queries as tickets
from parley.web.shell.frame import Frame, Place, View, ViewGroup


def view_label(key: str) -> str:
    return {
        "to-solve": _("To solve"),
        "mine": pgettext("view", "Mine"),
        "unassigned": _("Unassigned"),
        "answered": pgettext("view", "Answered"),
        "resolved": pgettext("view", "Resolved"),
        "all": _("All tickets"),
    }[key]


ICONS = {
    "to-solve": "inbox",
    "mine": "user-check",
    "unassigned": "user-plus",
    "answered": "reply",
    "resolved": "check-check",
    "all": "layers",
}


def workspace_frame(
    request: HttpRequest,
    *,
    departments: Sequence[Department],
    view: str = "",
    department: str = "",
    live_seq: int | None,
) -> Frame:
    """The frame of the ticket pages. `view` and `department` (a public id) are where one is."""
    agent: Agent = request.agent  # type: ignore[attr-defined]
    waiting = tickets.waiting_for(agent)
    counts = {"to-solve": waiting.to_solve, "mine": waiting.mine, "unassigned": waiting.unassigned}
    views = tuple(
        View(
            url=listing_url(view=each.key),
            label=view_label(each.key),
            icon=ICONS[each.key],
            is_current=each.key == view and not department,
            count=counts.get(each.key),
        )
        for each in tickets.views_of(agent)
    )
    places = tuple(
        View(
            url=listing_url(view="all", department=each.public_id),
            label=each.name,
            hue_of=each.position,
            is_current=each.public_id == department,
            count=waiting.by_department.get(each.pk, 0),
        )
        for each in departments
    )
    groups = (ViewGroup(views), ViewGroup(places, title=_("Departments")))
    return frame(request, groups=groups, here="tickets", live_seq=live_seq)


def settings_frame(request: HttpRequest, here: str) -> Frame:
    pages = (("agents", _("Agents"), "users"), ("departments", _("Departments"), "building"))
    views = tuple(
        View(url=reverse(key), label=label, icon=icon, is_current=key == here)
        for key, label, icon in pages
    )
    mine = View(
        url=reverse("profile"), label=_("Your profile"), icon="circle-user", is_current=here == "profile"
    )
    agent: Agent = request.agent  # type: ignore[attr-defined]
    groups = (ViewGroup((mine,), title=_("You")),)
    if agent.login.administers:
        groups += (ViewGroup(views, title=_("Account")),)
    return frame(request, groups=groups, here="settings", live_seq=None)


def frame(
    request: HttpRequest,
    *,
    groups: tuple[ViewGroup, ...],
    here: str,
    live_seq: int | None,
) -> Frame:
    agent: Agent = request.agent  # type: ignore[attr-defined]
    inbox = Place(
        url=reverse("tickets"),
        icon="inbox",
        label=_("Tickets"),
        is_current=here == "tickets",
    )
    settings = Place(
        url=reverse("settings" if agent.login.administers else "profile"),
        icon="settings",
        label=_("Settings"),
        is_current=here == "settings",
    )
    return Frame(
        account_name=request.account.name,  # type: ignore[attr-defined]
        agent_name=agent.name,
        agent_key=agent.public_id,
        agent_url=reverse("profile"),
        home_url=reverse("workspace"),
        sign_in_url=reverse("sign-in"),
        places=(inbox,),
        tools=(settings,),
        groups=groups,
        live_seq=live_seq,
    )


def listing_url(**query: str) -> str:
    return f"{reverse('tickets')}?{urlencode({k: v for k, v in query.items() if v})}"


def departments_seen(request: HttpRequest) -> list[Department]:
    return list(team.departments_of(request.agent))  # type: ignore[attr-defined]
