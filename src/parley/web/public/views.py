"""The base domain: what Parley is; in development also what is running here and how to try it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from parley.kernel.cells import NotServed, address_of
from parley.web.shell.doors import open_to

DEMO = "demo"  # the account that `parley demo` fills


@require_safe
@open_to("everyone")
def home(request: HttpRequest) -> HttpResponse:
    is_development = settings.BASE_DOMAIN == "localhost" and not settings.SMTP_RELAY
    context = {"is_development": is_development, "domain": settings.BASE_DOMAIN}
    if is_development:
        context |= {"site": _site(request), "has_demo": _has_demo(), "demo_host": _host(DEMO)}
        context |= {"demo": _site(request, _host(DEMO)), "any_account": _site(request, _host("NAME"))}
    return render(request, "public/home.html", context)


def _site(request: HttpRequest, host: str = "") -> str:
    """Such as http://demo.localhost:8000: at the port by which the visitor came."""
    port = request.get_host().rpartition(":")[2]
    at = f":{port}" if port.isdecimal() else ""
    return f"{settings.SCHEME}://{host or settings.BASE_DOMAIN}{at}"


def _host(name: str) -> str:
    return f"{name}.{settings.BASE_DOMAIN}"


def _has_demo() -> bool:
    try:
        address_of(_host(DEMO))
    except NotServed:
        return False
    return True
