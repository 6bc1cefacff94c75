"""One port: sockets to the hub, health to whoever asks, pages to Django in a bounded pool of threads."""

import asyncio
import ipaddress
import json
import os
from collections.abc import Sequence
from tempfile import SpooledTemporaryFile
from typing import Any

import django
from a2wsgi import WSGIMiddleware

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "parley.config.settings")
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.db import close_old_connections  # noqa: E402

from parley.web.health import Health  # noqa: E402
from parley.web.live import endpoints  # noqa: E402
from parley.web.live.hub import Hub  # noqa: E402

IN_MEMORY = 1 << 20
LARGEST = 30 << 20
HEALTH_SECONDS = 5.0
LIVE = ("/live", "/live/poll")
FORWARDED = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded"})
TOO_LARGE = "What was sent is larger than 30 MB, which is the most that is taken at once."
PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" '
    'content="width=device-width"><title>Too large</title><h1>Too large</h1><p>{}</p></html>'
)


def application(*, expected: Sequence[str] = ("worker",)) -> "Application":
    """For a server that is told `--factory parley.config.asgi:application`. `expected`: kinds of process
    without which the installation is not well."""
    return Application(expected)


class Application:
    """ASGI 3. A page's body is collected before a thread is taken: slow senders hold none, and a client
    that leaves in the middle has sent nothing (a2wsgi would take the torn half for the whole)."""

    def __init__(self, expected: Sequence[str]) -> None:
        self.hub = Hub(settings.CELLS, most_behind=settings.LIVE_MOST_BEHIND)
        self.live = endpoints.application(self.hub)
        self.pages = WSGIMiddleware(WSGIHandler(), workers=settings.THREADS)
        self.health = Health(hub_listens=lambda: self.hub.listens, expected=expected)
        self.asking: asyncio.Future | None = None

    async def __call__(self, scope: dict, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return await self.live(scope, receive, send)
        scope = plain(scope, proxies=settings.PROXIES)
        if scope["type"] == "websocket" or scope["path"] in LIVE:
            return await self.live(scope, receive, send)
        if scope["path"] == "/health":
            return await self._say_health(scope, send)
        with SpooledTemporaryFile(IN_MEMORY) as body:
            size = await _collect(body, receive)
            if size is None:
                return None
            if size > LARGEST:
                return await _refuse(scope, send)
            await self.pages(scope, _replay(body, size), send)

    async def _say_health(self, scope: dict, send: Any) -> None:
        """One look at a time, however many ask, and an answer even where the look does not end."""
        if self.asking is None or self.asking.done():
            self.asking = asyncio.ensure_future(asyncio.to_thread(self._look))
        try:
            report = await asyncio.wait_for(asyncio.shield(self.asking), HEALTH_SECONDS)
        except TimeoutError:
            slow = {"ok": False, "message": f"took longer than {HEALTH_SECONDS:.0f} s"}
            report = {"ok": False, "checks": {"health": slow}}
        body = json.dumps(report).encode()
        await _answer(scope, send, 200 if report["ok"] else 503, b"application/json", body)

    def _look(self) -> dict[str, Any]:
        close_old_connections()
        return self.health.report()


async def _collect(body: Any, receive: Any) -> int | None:
    """The size of the whole body, in bytes; None when its sender left."""
    size, more = 0, True
    while more and size <= LARGEST:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body.write(message.get("body", b""))
        size, more = body.tell(), message.get("more_body", False)
    body.seek(0)
    return size


def _replay(body: Any, size: int) -> Any:
    """After the body the server's own receive() is not called again: granian would wait for ever."""

    async def receive() -> dict:
        chunk = body.read(1 << 16)
        return {"type": "http.request", "body": chunk, "more_body": body.tell() < size}

    return receive


async def _refuse(scope: dict, send: Any) -> None:
    """413 as a page to browsers, as JSON to programs. The rest of the body is not read: we hang up."""
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    if b"text/html" in accepted:
        return await _answer(
            scope, send, 413, b"text/html; charset=utf-8", PAGE.format(TOO_LARGE).encode()
        )
    body = json.dumps({"error": {"code": "too_large", "message": TOO_LARGE}}).encode()
    await _answer(scope, send, 413, b"application/json", body)


async def _answer(scope: dict, send: Any, status: int, content_type: bytes, body: bytes) -> None:
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if status == 413:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def plain(scope: dict, *, proxies: int) -> dict:
    """Headers as WSGI can be trusted with them. Underscores would pass for dashes in its environ;
    cookies come in pieces by HTTP/2; what proxies add counts only as far as proxies are ours."""
    given = scope["headers"]
    kept = [(k, v) for k, v in given if b"_" not in k and k != b"cookie" and k not in FORWARDED]
    cookies = [v for k, v in given if k == b"cookie"]
    if cookies:
        kept.append((b"cookie", b"; ".join(cookies)))
    return scope | {"headers": kept} | (_forwarded(scope, proxies) if proxies else {})


def _forwarded(scope: dict, proxies: int) -> dict:
    """Each proxy appends whom it heard: what stands left of what ours wrote may be anybody's tale."""
    told: dict[str, Any] = {}
    hops = _values(scope, b"x-forwarded-for")
    if hops and (address := _address(hops[-min(proxies, len(hops))])):
        told["client"] = (address, 0)
    schemes = _values(scope, b"x-forwarded-proto")
    if schemes and (scheme := schemes[-min(proxies, len(schemes))]) in ("http", "https"):
        socket = scope["type"] == "websocket"
        told["scheme"] = scheme.replace("http", "ws") if socket else scheme
    return told


def _values(scope: dict, name: bytes) -> list[str]:
    whole = b",".join(value for known, value in scope["headers"] if known == name).decode("latin-1")
    return [each.strip() for each in whole.split(",") if each.strip()]


def _address(text: str) -> str | None:
    """192.0.2.1, 192.0.2.1:4711, 2001:db8::1 or [2001:db8::1]:4711 (RFC 7239 §6), without the port."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
