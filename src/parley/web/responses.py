"""How an answer reaches a browser: a partial to htmx, a page or a redirect to everybody else."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import wraps

from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers

from parley.kernel.actions import Refusal

TOAST_COOKIE = "toast"
TOAST_SECONDS = 20  # long enough for the redirect, too short for the next page
LONGEST_TOAST = 300


@dataclass(frozen=True)
class Toast:
    """What was done, in a sentence; `undo` is the address that takes it back by POST."""

    text: str
    undo: str = ""
    tone: str = "good"  # or "bad"


class SeeOther(HttpResponseRedirect):
    """After a POST: go and look there (RFC 9110 §15.4.4), with GET whatever was done here."""

    status_code = 303


def wants_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page it has."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def respond(
    request: HttpRequest,
    partial: str,
    context: Mapping[str, object],
    *,
    to: str,
    toast: Toast | None = None,
) -> HttpResponse:
    """After something was done: the partial to htmx, a 303 to `to` for others; both say the toast."""
    if wants_partial(request):
        response = render(request, partial, dict(context))
        if toast:
            said = render_to_string("shell/_toasts.html", {"toasts": [toast], "oob": True}, request)
            response.write(said)
    else:
        response = SeeOther(to)
        if toast:
            keep_toast(request, response, toast)
    patch_vary_headers(response, ["HX-Request"])
    return response


def keep_toast(request: HttpRequest, response: HttpResponse, toast: Toast) -> None:
    """For the page after a redirect. Signed for this host: a neighbour's cannot plant one."""
    short = Toast(toast.text[:LONGEST_TOAST], toast.undo, toast.tone)
    said = signing.dumps(asdict(short), salt=_salt(request), compress=True)
    response.set_cookie(
        TOAST_COOKIE, said, max_age=TOAST_SECONDS, secure=request.is_secure(), samesite="Lax"
    )


def kept_toasts(request: HttpRequest) -> list[Toast]:
    """What the answer before this page had to say. The page's script removes the cookie."""
    said = request.COOKIES.get(TOAST_COOKIE, "")
    try:
        return [Toast(**signing.loads(said, salt=_salt(request), max_age=TOAST_SECONDS))] if said else []
    except (signing.BadSignature, TypeError):  # stale, forged, or of an older version
        return []


def refusals_shown(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """What an action refuses is shown with 409: alone to htmx, as a page to everybody else."""

    @wraps(view)
    def shown(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refusal as refusal:
            return refused(request, refusal)

    return shown


def refused(request: HttpRequest, refusal: Refusal, status: int = 409) -> HttpResponse:
    """A refusal said to the visitor. To htmx it is a toast, and the page stays as it was typed."""
    text = str(getattr(refusal, "message", "") or refusal)
    if not wants_partial(request):
        return render(request, "shell/refusal.html", {"text": text, "code": refusal.code}, status=status)
    said = {"toasts": [Toast(text, tone="bad")], "oob": True}
    response = render(request, "shell/_toasts.html", said, status=status)
    response["HX-Reswap"] = "none"
    return response


def _salt(request: HttpRequest) -> str:
    return f"toast:{request.get_host()}"
