"""What every answer tells the browser to refuse."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

View = Callable[[HttpRequest], HttpResponse]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "manifest-src 'self'"
)


def security_headers(get_response: View) -> View:
    """A view that needs another policy (mail in a frame) sets its own; it is left alone."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), payment=()")
        if not response.has_header("Cache-Control"):  # what an agent saw stays out of shared caches
            response["Cache-Control"] = "private, no-store"
        if settings.SCHEME == "https":
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        return response

    return middleware
