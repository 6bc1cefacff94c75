"""What customers of an account see at its address."""

from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from parley.desk.team import queries as team
from parley.web.shell.doors import open_to


@require_safe
@open_to("everyone")
def home(request: HttpRequest) -> HttpResponse:
    """Who answers here and how one reaches them, in the language the visitor's browser asks for."""
    host = request.address.host  # type: ignore[attr-defined]
    mail_name = team.default_department().mail_name
    context = {
        "account": request.account,  # type: ignore[attr-defined]
        "address": f"{mail_name}@{host}",
        "mailto": f"mailto:{quote(mail_name)}@{host}",
    }
    return render(request, "customer/home.html", context)
