"""The pages of errors: what happened, what was kept, what to do."""

import logging
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

log = logging.getLogger("parley.web")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 404)


def broken(request: HttpRequest) -> HttpResponse:
    """The reference is in the log beside the traceback."""
    reference = uuid4().hex[:8]
    log.error("reference %s", reference)
    return _page(request, 500, reference=reference)


def _page(request: HttpRequest, status: int, **context: object) -> HttpResponse:
    return render(request, "shell/error.html", {"status": status} | context, status=status)
