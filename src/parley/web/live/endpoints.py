"""`/live` as a WebSocket, `/live/poll` for those who have none. Both resume from `after`."""

import asyncio
import contextlib
import json
import time
from functools import partial
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from parley.kernel import live
from parley.kernel.cells import NotServed
from parley.web.live.hub import Hub
from parley.web.live.rooms import Client
from parley.web.shell import visitors

HEARTBEAT_SECONDS = 20
PATIENCE_SECONDS = 30  # for a client that does not read
WHISPERS_PER_SECOND = 5
LONGEST_WHISPER = 4096  # bytes; also what the server lets in at all

# Close codes: what the page's script makes of them is in assets/js/live-socket.js.
SIGNED_OUT, OTHER_ORIGIN, OVER, RESTARTING = 4401, 4403, 4408, 1012


def application(hub: Hub) -> Starlette:
    async def socket(ws: WebSocket) -> None:
        await Socket(hub, ws).serve()

    async def poll(request: Request) -> Response:
        return await _poll(hub, request)

    routes = [WebSocketRoute("/live", socket), Route("/live/poll", poll)]
    return Starlette(routes=routes, lifespan=lambda app: hub.listening())


async def _visitor(hub: Hub, connection: HTTPConnection) -> visitors.Visitor | None:
    """The same question the pages ask, asked of the same function."""

    def ask() -> visitors.Visitor | None:
        host = connection.headers.get("host", "")
        cookie = connection.cookies.get(visitors.COOKIE_LIVE, "")
        try:
            with visitors.visiting(host, cookie) as visitor:
                return visitor if visitor.agent else None
        except NotServed:
            return None

    return await hub.in_thread(ask)


def _after(connection: HTTPConnection) -> int:
    text = connection.query_params.get("after", "0")
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _same_origin(connection: HTTPConnection) -> bool:
    """Browsers send cookies with sockets opened by any page; only Origin tells whose page it was."""
    origin = connection.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == connection.headers.get("host")


async def _message(hub: Hub, client: Client) -> dict | None:
    news = await hub.news(client)
    if news is None:
        return {"resync": client.seq}
    return {"changed": [[each.subject, each.seq] for each in news]} if news else None


class Socket:
    def __init__(self, hub: Hub, ws: WebSocket) -> None:
        self.hub, self.ws = hub, ws
        self.ends_as = OVER

    async def serve(self) -> None:
        if not _same_origin(self.ws):
            return await self.ws.close(OTHER_ORIGIN)
        visitor = await _visitor(self.hub, self.ws)
        if visitor is None:
            return await self.ws.close(SIGNED_OUT)
        await self.ws.accept()
        async with self.hub.joined(visitor.cell, visitor.account, _after(self.ws)) as client:
            both = [asyncio.create_task(each(client)) for each in (self._push, self._hear)]
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in both:
                    task.cancel()
                await asyncio.gather(*both, return_exceptions=True)
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # it is closed already
            await self.ws.close(self.ends_as)

    async def _push(self, client: Client) -> None:
        while True:
            try:
                await asyncio.wait_for(client.wake.wait(), HEARTBEAT_SECONDS)
            except TimeoutError:
                if await _visitor(self.hub, self.ws) is None:  # signed out, or the account closed
                    self.ends_as = SIGNED_OUT
                    return
                await self._send({"seq": client.seq})
            if self.hub.is_closing:
                self.ends_as = RESTARTING
                return
            client.wake.clear()
            while message := await _message(self.hub, client):
                await self._send(message)
            while client.whispers:
                await self._send(client.whispers.popleft())

    async def _send(self, message: dict) -> None:
        await asyncio.wait_for(self.ws.send_json(message), PATIENCE_SECONDS)

    async def _hear(self, client: Client) -> None:
        """Ends, and with it the socket, at the first thing that no page of ours says."""
        quiet_until = 0.0
        with contextlib.suppress(WebSocketDisconnect, ValueError, KeyError, TypeError):
            while True:
                said = json.loads((await self.ws.receive_text())[:LONGEST_WHISPER])
                kind, subject = str(said["kind"]), str(said["subject"])
                if time.monotonic() < quiet_until:
                    continue
                quiet_until = time.monotonic() + 1 / WHISPERS_PER_SECOND
                whisper = partial(live.say, kind, subject, sender=client.name)
                await self.hub.read(client.room, whisper)


async def _poll(hub: Hub, request: Request) -> Response:
    visitor = await _visitor(hub, request)
    if visitor is None:
        return Response(status_code=401)
    deadline = asyncio.get_running_loop().time() + HEARTBEAT_SECONDS
    async with hub.joined(visitor.cell, visitor.account, _after(request)) as client:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                while not hub.is_closing:
                    await client.wake.wait()
                    client.wake.clear()
                    if message := await _message(hub, client):
                        return _fresh(message)
    return _fresh({"seq": client.seq})


def _fresh(message: dict) -> Response:
    return JSONResponse(message, headers={"Cache-Control": "no-store"})
