"""An agent's own page: name, language, clock, password, and where he is signed in."""

from typing import Any

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from parley.accounts.models import Session
from parley.accounts.sign_in import actions as sign_in
from parley.accounts.sign_in import queries as sessions
from parley.desk.team import actions as team
from parley.kernel.actions import Refusal
from parley.kernel.throttle import TooMany
from parley.web.agent.frames import settings_frame
from parley.web.responses import SeeOther
from parley.web.shell.doors import open_to
from parley.web.shell.sent_back import done
from parley.web.shell.visitors import show_out

from .devices import device
from .forms import PasswordForm, ProfileForm, time_zones

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@get_or_post
@open_to("agents")
def show(request: HttpRequest) -> HttpResponse:
    agent = _me(request)
    if request.method != "POST":
        return _page(request)
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    given = form.cleaned_data
    team.change_profile(
        agent,
        name=given["name"],
        alias=given["alias"],
        language=given["language"],
        time_zone=given["time_zone"],
        by=agent.actor,
    )
    with translation.override(given["language"] or _account(request).language):
        return done(request, reverse("profile"), _("Saved"))


@require_POST
@open_to("agents")
def password(request: HttpRequest) -> HttpResponse:
    agent, this = _me(request), request.visitor.session  # type: ignore[attr-defined]
    form = PasswordForm(request.POST)
    if not form.is_valid():
        return _page(request, password=form, status=422)
    given = form.cleaned_data
    try:
        sign_in.change_password(agent.login, given["old"], given["new"], keep=this, by=agent.actor)
    except TooMany as too_many:
        form.add_error("old", _("Too many tries. Wait a quarter of an hour and try again."))
        response = _page(request, password=form, status=429)
        response["Retry-After"] = str(too_many.retry_after)
        return response
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(request, password=form, status=422)
    said = _("Your password is changed, and you are signed out everywhere else.")
    return done(request, reverse("profile"), said)


@require_POST
@open_to("agents")
def end_sessions(request: HttpRequest) -> HttpResponse:
    """One by its handle, or all others."""
    agent, this = _me(request), request.visitor.session  # type: ignore[attr-defined]
    here = reverse("profile")
    if "others" in request.POST:
        sign_in.close_other_sessions(agent.login, but=this, by=agent.actor)
        return done(request, here, _("You are signed out everywhere else."))
    session = _own(request, request.POST.get("session", ""))
    sign_in.close_session(session, by=agent.actor)
    if session == this:
        response = SeeOther(reverse("sign-in"))
        show_out(response)
        return response
    return done(request, here, _("Signed out there."))


def _own(request: HttpRequest, handle: str) -> Session:
    """A session by the name this page gave it: its key, signed for this host."""
    try:
        key = signing.loads(handle, salt=_salt(request))
    except signing.BadSignature:
        raise Http404 from None
    session = sessions.sessions_of(_me(request).login).filter(pk=key).first()
    if session is None:
        raise Http404
    return session


def _page(
    request: HttpRequest,
    *,
    form: ProfileForm | None = None,
    password: PasswordForm | None = None,
    status: int = 200,
) -> HttpResponse:
    agent, login = _me(request), _me(request).login
    begin = {"name": agent.name, "alias": agent.alias}
    begin |= {"language": login.language, "time_zone": login.time_zone}
    rows = _sessions(request)
    context = {
        "frame": settings_frame(request, "profile"),
        "agent": agent,
        "form": form or ProfileForm(initial=begin),
        "password": password or PasswordForm(),
        "sessions": rows,
        "others": ngettext(
            "and in one other browser",
            "and in %(number)d other browsers",
            len(rows) - 1,
        )
        % {"number": len(rows) - 1},
        "languages": settings.LANGUAGES,
        "account_language": dict(settings.LANGUAGES).get(_account(request).language, ""),
        "account_time_zone": _account(request).time_zone,
        "time_zones": time_zones(),
    }
    return render(request, "agent/profile/show.html", context, status=status)


def _sessions(request: HttpRequest) -> list[dict[str, Any]]:
    """This one first, then the latest first."""
    this = request.visitor.session  # type: ignore[attr-defined]
    rows = [
        {
            "row": each,
            "device": device(each.user_agent),
            "is_this": each == this,
            "handle": signing.dumps(each.pk, salt=_salt(request)),
        }
        for each in sessions.sessions_of(_me(request).login)
    ]
    return sorted(rows, key=lambda each: not each["is_this"])


def _salt(request: HttpRequest) -> str:
    return f"session:{_account(request).pk}"


def _account(request: HttpRequest) -> Any:
    return request.account  # type: ignore[attr-defined]


def _me(request: HttpRequest) -> Any:
    return request.agent  # type: ignore[attr-defined]
