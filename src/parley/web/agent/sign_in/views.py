"""Signing in and out, a forgotten password, an invitation."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from parley.accounts.sign_in import actions, queries
from parley.kernel.actions import Refusal
from parley.kernel.actors import SYSTEM
from parley.kernel.throttle import TooMany
from parley.web.responses import SeeOther
from parley.web.shell.doors import open_to
from parley.web.shell.visitors import let_in, show_out

from .forms import ForgottenForm, PasswordForm, SignInForm

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@get_or_post
@open_to("everyone")
def sign_in(request: HttpRequest) -> HttpResponse:
    onward = _onward(request)
    if request.method != "POST":
        if request.agent:  # type: ignore[attr-defined]
            return SeeOther(onward)
        return _door(request, "sign_in", onward=onward)
    form = SignInForm(request.POST)
    email = request.POST.get("email", "")
    if not form.is_valid():
        return _door(request, "sign_in", 422, onward=onward, email=email, error=_("Enter both."))
    try:
        given = form.cleaned_data
        secret = actions.sign_in(given["email"], given["password"], browser=browser(request))
    except TooMany as too_many:
        response = _door(request, "sign_in", 429, onward=onward, email=email, error=_wait(too_many))
        response["Retry-After"] = str(too_many.retry_after)
        return response
    except Refusal as refusal:
        return _door(request, "sign_in", 422, onward=onward, email=email, error=refusal.message)
    response = SeeOther(onward)
    let_in(response, secret)
    return response


@require_POST
@open_to("everyone")
def sign_out(request: HttpRequest) -> HttpResponse:
    who = request.visitor  # type: ignore[attr-defined]
    if who.session:
        actions.close_session(who.session, by=who.agent.actor)
    response = SeeOther(reverse("sign-in"))
    show_out(response)
    return response


@get_or_post
@open_to("everyone")
def forgotten(request: HttpRequest) -> HttpResponse:
    """The answer is the same whether or not anybody has this address."""
    if request.method != "POST":
        return _door(request, "forgotten", email=request.GET.get("email", ""))
    form = ForgottenForm(request.POST)
    if not form.is_valid():
        error = next(str(each[0]) for each in form.errors.values())
        return _door(request, "forgotten", 422, email=request.POST.get("email", ""), error=error)
    try:
        actions.request_password(form.cleaned_data["email"], browser=browser(request))
    except TooMany as too_many:
        return _door(request, "forgotten", 429, email=form.cleaned_data["email"], error=_wait(too_many))
    return _door(request, "forgotten", email=form.cleaned_data["email"], is_sent=True)


@get_or_post
@open_to("everyone")
def reset(request: HttpRequest, secret: str) -> HttpResponse:
    return _choose_password(request, secret, "reset")


@get_or_post
@open_to("everyone")
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    return _choose_password(request, secret, "invitation")


def _choose_password(request: HttpRequest, secret: str, purpose: str) -> HttpResponse:
    key = queries.mailed_key(secret, purpose)
    if key is None:
        return _door(request, "expired", 410, purpose=purpose)
    email, error = key.login.email, ""
    if request.method == "POST":
        form = PasswordForm(request.POST)
        password = form.cleaned_data["password"] if form.is_valid() else ""
        try:
            login = actions.choose_password(secret, purpose, password, by=SYSTEM)
        except actions.KeyUsedUp:
            return _door(request, "expired", 410, purpose=purpose)
        except Refusal as refusal:
            error = str(refusal.message)
        else:
            response = SeeOther(reverse("workspace"))
            let_in(response, actions.open_session(login, browser=browser(request), by=SYSTEM))
            return response
    return _door(request, "password", 422 if error else 200, purpose=purpose, email=email, error=error)


def browser(request: HttpRequest) -> actions.Browser:
    """Where the request came from; what proxies say of it was read before (config/asgi)."""
    return actions.Browser(
        request.META.get("REMOTE_ADDR") or None, request.headers.get("User-Agent", "")
    )


def _door(request: HttpRequest, page: str, status: int = 200, **context: Any) -> HttpResponse:
    context = {
        "account": request.account,  # type: ignore[attr-defined]
        "error": "",
        "email": "",
        "is_sent": False,
    } | context
    return render(request, f"agent/sign_in/{page}.html", context, status=status)


def _onward(request: HttpRequest) -> str:
    onward = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(onward, allowed_hosts=None) and onward.startswith("/agent/"):
        return onward
    return reverse("workspace")


def _wait(too_many: TooMany) -> str:
    minutes = -(-too_many.retry_after // 60)
    return ngettext(
        "Too many tries. Wait a minute and try again.",
        "Too many tries. Wait %(minutes)d minutes and try again.",
        minutes,
    ) % {"minutes": minutes}
