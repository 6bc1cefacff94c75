"""Which site is being visited, decided once, from the host (fence 6): no view ever sees an account id.

The base domain is the public site, NAME in front of it (or a host of its own) an account; all else is
nothing. With an account in scope every query answers for that account only.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from parley.kernel.cells import NotServed, account_scope, address_of
from parley.web.shell.visitors import without_port

View = Callable[[HttpRequest], HttpResponse]
THIS_MACHINE = frozenset({"127.0.0.1", "[::1]"})
ACCOUNT, PUBLIC = "parley.config.urls.account", "parley.config.urls.public"


def host_decides(get_response: View) -> View:
    def middleware(request: HttpRequest) -> HttpResponse:
        host = without_port(request.get_host()).lower()
        is_development = settings.BASE_DOMAIN == "localhost" and host in THIS_MACHINE
        if host == settings.BASE_DOMAIN or is_development:
            request.urlconf = PUBLIC  # type: ignore[attr-defined]
            return get_response(request)
        if request.path_info.startswith("/assets/"):  # the page of an error has a style, too
            request.urlconf = PUBLIC  # type: ignore[attr-defined]
            return get_response(request)
        try:
            address = address_of(host)
        except NotServed:
            request.urlconf = PUBLIC  # type: ignore[attr-defined]
            with translation.override(translation.get_language_from_request(request)):
                return render(request, "public/no_account.html", {"host": host}, status=404)
        request.urlconf = ACCOUNT  # type: ignore[attr-defined]
        request.address = address  # type: ignore[attr-defined]
        with account_scope(address.pk, cell=address.cell):
            return get_response(request)

    return middleware
