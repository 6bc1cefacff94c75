"""Who is signed in, in which language and time zone they read, and whether the page is open to them."""

from collections.abc import Callable
from datetime import UTC
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import urlencode

from parley.accounts.models import Account
from parley.accounts.sign_in import actions as sign_in
from parley.kernel import clock
from parley.kernel.actors import SYSTEM
from parley.web.responses import wants_partial
from parley.web.shell.doors import door_of
from parley.web.shell.visitors import COOKIE_AGENT, COOKIE_FILES, Visitor, let_in, visitor

View = Callable[[HttpRequest], HttpResponse]


class signed_in:
    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        address = getattr(request, "address", None)
        if address is None:
            with translation.override(translation.get_language_from_request(request)):
                return self.get_response(request)
        cookie = COOKIE_FILES if request.path_info.startswith("/files/") else COOKIE_AGENT
        secret = request.COOKIES.get(cookie, "")
        who = visitor(address.cell, address.pk, secret)
        request.visitor, request.agent = who, who.agent  # type: ignore[attr-defined]
        account = Account.objects.get()
        request.account = account  # type: ignore[attr-defined]
        with _as_read_by(request, account, who):
            response = self.get_response(request)
        if who.session and clock.now() - who.session.last_seen_at > sign_in.SEEN_EVERY:
            sign_in.seen(who.session, by=SYSTEM)
            if cookie == COOKIE_AGENT and COOKIE_AGENT not in response.cookies:
                let_in(response, secret)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict
    ) -> HttpResponse | None:
        who = door_of(view)
        agent = getattr(request, "agent", None)
        if who == "everyone":
            return None
        if agent is None:
            return _to_sign_in(request)
        if who == "admins" and not agent.login.administers:
            return render(request, "shell/error.html", {"status": 403}, status=403)
        return None


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """Pages come back after signing in; what a page asked for in the background is told 401."""
    if wants_partial(request) or request.method != "GET" or request.path_info.startswith("/files/"):
        return HttpResponse(status=401)
    return redirect(f"{reverse('sign-in')}?{urlencode({'next': request.get_full_path()})}")


class _as_read_by:
    """The reader's language and time zone: the agent's own, else the account's, else what the browser asks."""

    def __init__(self, request: HttpRequest, account: Account, who: Visitor) -> None:
        login = who.agent.login if who.agent else None
        language = (login.language or account.language) if login else None
        self.language = translation.override(language or translation.get_language_from_request(request))
        self.zone = timezone.override(_zone((login and login.time_zone) or account.time_zone))

    def __enter__(self) -> None:
        self.language.__enter__()
        self.zone.__enter__()

    def __exit__(self, *failure: object) -> None:
        self.zone.__exit__(*failure)  # type: ignore[arg-type]
        self.language.__exit__(*failure)  # type: ignore[arg-type]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC  # type: ignore[return-value]
