"""What a message brought along: its HTML in a frame of its own, its files by a path of their own."""

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from parley.desk.tickets import queries
from parley.desk.tickets.models import Message
from parley.kernel import files, html
from parley.web.shell.doors import open_to

#: Nothing runs, nothing is fetched from elsewhere; styles are the mail's own, cleaned ones.
FRAME_POLICY = (
    "default-src 'none'; img-src 'self' data:{remote}; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; "
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
FILE_POLICY = "default-src 'none'; sandbox"
HEAD_BYTES = 4096


@require_safe
@open_to("agents")
def body(request: HttpRequest, public_id: str) -> HttpResponse:
    """A message's HTML. `?images=1` lets pictures from elsewhere in, once, for who asked."""
    message = _visible(request, public_id)
    wants_images = request.GET.get("images") == "1"
    cleaned = html.clean(message.body, remote_images=wants_images, cid_urls=_own_files(message))
    response = render(request, "agent/tickets/body.html", {"content": mark_safe(cleaned.html)})
    remote = " https: http:" if wants_images else ""
    response["Content-Security-Policy"] = FRAME_POLICY.format(remote=remote)
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
@open_to("agents")
def file(request: HttpRequest, public_id: str, name: str) -> FileResponse:
    """A file, shown only if its type is harmless, else saved. The name in the address is for people."""
    try:
        row = queries.file(public_id, seen_by=request.agent)  # type: ignore[attr-defined]
        content = row.open()
    except (Message.DoesNotExist, files.FileMissing):
        raise Http404 from None
    head = content.read(HEAD_BYTES)
    content.seek(0)
    content_type, is_inline = files.safe_type(row.content_type, row.name, head)
    response = FileResponse(content, content_type=content_type)
    response["Content-Length"] = str(row.size)
    response["Content-Disposition"] = (
        content_disposition_header(not is_inline or "save" in request.GET, row.name) or "inline"
    )
    response["Content-Security-Policy"] = FILE_POLICY
    response["Cache-Control"] = "private, max-age=3600"
    return response


def _own_files(message: Message) -> dict[str, str]:
    """The addresses that inline images of this message may have."""
    rows = queries.files_of(message.group)
    return {
        row.content_id or row.public_id: reverse("file", args=[row.file.public_id, row.file.name])
        for row in rows
    }


def _visible(request: HttpRequest, public_id: str) -> Message:
    try:
        return queries.message(public_id, seen_by=request.agent)  # type: ignore[attr-defined]
    except Message.DoesNotExist:
        raise Http404 from None
