"""Outgoing HTTP to addresses that customers typed: no private network, no endless answer, no waiting.

A name is resolved once; every address it has must be a public one, and the connection goes to exactly
those addresses, so that a name which changes its mind in between gains nothing. TLS and the Host
header keep the name. Redirects go through the same gate. Nothing outlives the deadline.
"""

import ipaddress
import queue
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpcore
import httpx
import orjson
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from . import actions

AGENT = "Parley"
MOST_REDIRECTS = 3
Resolve = Callable[[str, int], Iterable[str]]


class WireError(Exception):
    """The other side was not reached or did not answer well. `code` is stable, `message` for people."""

    code = "wire"
    message = _("The address could not be called.")


class Unreachable(WireError):
    code = "unreachable"
    message = _("The address could not be reached, or its answer could not be understood.")


class Forbidden(WireError):
    code = "forbidden"
    message = _("This address may not be called.")


class TooLarge(WireError):
    code = "too_large"
    message = _("The answer was too large.")


class TimedOut(WireError):
    code = "timed_out"
    message = _("The answer took too long.")


@dataclass(frozen=True)
class Reply:
    """What came back, whatever its status. Header names compare without regard to case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str = ""

    def json(self) -> Any:
        """The body as JSON (RFC 8259, UTF-8). Raises ValueError."""
        return orjson.loads(self.body)


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    json: object = None,
    content: bytes | str | None = None,
    timeout: float = 10.0,
    max_bytes: int = 1_000_000,
    allow_private: bool = False,
    ports: Collection[int] | None = None,
    redirects: int = MOST_REDIRECTS,
    resolve: Resolve | None = None,
) -> Reply:
    """Call an http(s) address and read its answer whole.

    `timeout` is seconds for everything: name, connection, redirects and body. `max_bytes` counts the
    body as unpacked. `ports` defaults to 80, 443 and all from 1024 on. With `redirects=0` a redirect is
    the answer; more than the given number is Unreachable. An origin that was redirected to sees none
    of the caller's headers but a few harmless ones, and never plain http after https.

    Raises Unreachable, Forbidden, TooLarge, TimedOut; RuntimeError inside an action, because a
    transaction waits for nobody.
    """
    if actions._batch.get() is not None:
        raise RuntimeError("nothing waits for the network inside an action; make it a job")
    if json is not None:
        content = orjson.dumps(json)
        headers = _merged({"Content-Type": "application/json"}, headers or {})
    gate = _Gate(time.monotonic() + timeout, allow_private, ports, resolve or resolver)
    call = _prepared(method.upper(), url, _presentable(headers or {}), content)
    for left in range(redirects, -1, -1):
        reply = _exchange(call, gate, max_bytes)
        if redirects == 0 or (following := _following(call, reply)) is None:
            return reply
        if left:
            call = following
    raise Unreachable(f"more than {redirects} redirects")


def get(url: str, **options: Any) -> Reply:
    """`request("GET", …)`."""
    return request("GET", url, **options)


def post(url: str, **options: Any) -> Reply:
    """`request("POST", …)`."""
    return request("POST", url, **options)


def system_resolver(host: str, port: int) -> list[str]:
    """All addresses of a name, as the machine's resolver orders them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[4][0]) for place in found))


#: Who is asked for addresses. A test puts its own here.
resolver: Resolve = system_resolver

_NOT_PUBLIC_V4 = [
    ipaddress.IPv4Network(each) for each in ("192.88.99.0/24", "192.0.0.0/24", "240.0.0.0/4")
]
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
# Of 2000::/3: IETF protocols with Teredo and ORCHID, documentation, 6to4. The other ways to write an
# IPv4 address in an IPv6 one (mapped, compatible, NAT64) lie outside.
_NOT_PUBLIC_V6 = [
    ipaddress.IPv6Network(each) for each in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet's unicast space (IANA special registries)."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast and not any(ip in each for each in _NOT_PUBLIC_V4)
    # An ISATAP interface id (RFC 5214) carries an IPv4 address in its last 32 bits.
    isatap = (int(ip) >> 32) & 0xFDFFFFFF == 0x00005EFE
    return ip in _PUBLIC_V6 and not isatap and not any(ip in each for each in _NOT_PUBLIC_V6)


@dataclass(frozen=True)
class _Gate:
    """Says which addresses a call may connect to, and when it must have ended."""

    until: float  # of the monotonic clock
    allow_private: bool
    ports: Collection[int] | None
    resolve: Resolve

    def left(self) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimedOut("the deadline has passed")
        return left

    def addresses(self, url: httpx.URL) -> list[str]:
        host, port = url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)
        excepted = f"{host}:{port}" in getattr(settings, "WIRE_ALLOW_PRIVATE", ())
        if not excepted and not (
            port in self.ports if self.ports else port in (80, 443) or 1024 <= port < 65536
        ):
            raise Forbidden(f"port {port}")
        found = self._resolved(host, port)
        for address in found:
            if not (excepted or self.allow_private or is_public(address)):
                raise Forbidden(f"{host} is {address}, which is not public")
        return found

    def _resolved(self, host: str, port: int) -> list[str]:
        """In a thread of its own, for the system's resolver knows no deadline."""
        answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(list(self.resolve(host, port)))
            except (OSError, UnicodeError):
                answers.put([])

        threading.Thread(target=ask, name="wire-resolver", daemon=True).start()
        try:
            answer = answers.get(timeout=self.left())
        except queue.Empty:
            raise TimedOut(f"{host} was not resolved in time") from None
        if not answer:
            raise Unreachable(f"{host} has no address")
        return answer


class _PinnedBackend(httpcore.NetworkBackend):
    """Connects to the addresses that were checked, whatever name the caller says."""

    def __init__(self, gate: _Gate, addresses: list[str]) -> None:
        self.gate, self.addresses = gate, addresses

    def connect_tcp(self, host: str, port: int, *_args: Any, **_options: Any) -> httpcore.NetworkStream:
        failure: OSError = ConnectionError("no address")
        for nth, address in enumerate(self.addresses):
            share = self.gate.left() / (
                len(self.addresses) - nth
            )  # a dead address leaves time for the next
            try:
                opened = socket.create_connection((address, port), share)
            except OSError as error:
                failure = error
                continue
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _TimedStream(opened, self.gate)
        if isinstance(failure, TimeoutError):
            raise TimedOut(f"{host} did not accept the connection in time") from failure
        raise Unreachable(f"{host}: {failure}") from failure


class _TimedStream(httpcore.NetworkStream):
    """A socket each of whose operations may last until the deadline, together not longer."""

    def __init__(self, opened: socket.socket, gate: _Gate) -> None:
        self.socket, self.gate = opened, gate

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.socket.settimeout(self.gate.left())
        return self.socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        while view:
            self.socket.settimeout(self.gate.left())
            try:
                view = view[self.socket.send(view[:65536]) :]
            except (
                ConnectionError
            ) as error:  # httpcore still reads what the server said before it hung up
                raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        self.socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        self.socket.settimeout(self.gate.left())
        return _TimedStream(
            ssl_context.wrap_socket(self.socket, server_hostname=server_hostname), self.gate
        )

    def get_extra_info(self, info: str) -> Any:
        return None


@cache
def _trust() -> ssl.SSLContext:
    return httpx.create_ssl_context()


# The framing of a message is ours, and so is whom it addresses.
_OURS = {
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
    "expect",
}
_OURS |= {"accept-encoding", "proxy-authorization", "proxy-connection", "keep-alive"}
_HARMLESS = {"accept", "accept-language", "content-type", "user-agent"}


def _presentable(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _OURS}


def _merged(usual: Mapping[str, str], own: Mapping[str, str]) -> httpx.Headers:
    merged = httpx.Headers(usual)
    merged.update(own)
    return merged


def _prepared(
    method: str, url: str, headers: Mapping[str, str], content: bytes | str | None
) -> httpx.Request:
    try:
        address = httpx.URL(url)
        if address.scheme not in ("http", "https") or not address.raw_host or address.userinfo:
            raise Forbidden("only http and https, with a host and without credentials")
        sent = _merged({"User-Agent": AGENT, "Accept": "*/*", "Accept-Encoding": "gzip"}, headers)
        return httpx.Request(method, address, headers=sent, content=content)
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise Forbidden(f"no valid call: {error}") from error


def _exchange(call: httpx.Request, gate: _Gate, max_bytes: int) -> Reply:
    backend = _PinnedBackend(gate, gate.addresses(call.url))
    target = httpcore.URL(
        scheme=call.url.raw_scheme, host=call.url.raw_host, port=call.url.port, target=call.url.raw_path
    )
    method, sent, content = call.method, call.headers.raw, call.read()
    try:
        with (
            httpcore.ConnectionPool(ssl_context=_trust(), network_backend=backend) as pool,
            pool.stream(method, target, headers=sent, content=content) as answer,
        ):
            headers = httpx.Headers(answer.headers)
            return Reply(
                answer.status, headers, _body(answer.iter_stream(), headers, max_bytes), str(call.url)
            )
    except TimeoutError as error:
        raise TimedOut(str(error)) from error
    except (httpcore.ProtocolError, httpcore.NetworkError, OSError, zlib.error) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error


def _body(parts: Iterator[bytes], headers: httpx.Headers, most: int) -> bytes:
    """Unpacked (RFC 1950, 1952) no further than allowed: a small archive can hold a large one."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise Unreachable(f"content encoding {encoding!r} was not asked for")
    unpacking = None if encoding in ("identity", "") else zlib.decompressobj(zlib.MAX_WBITS | 32)
    body, arrived = bytearray(), 0
    for part in parts:
        arrived += len(part)
        body += unpacking.decompress(part, most + 1 - len(body)) if unpacking else part
        if max(arrived, len(body)) > most:
            raise TooLarge(f"more than {most} bytes")
    if unpacking and arrived and not unpacking.eof:
        raise Unreachable("the packed body is cut short")
    return bytes(body)


def _following(call: httpx.Request, reply: Reply) -> httpx.Request | None:
    """The call that a redirect asks for (RFC 9110, 15.4), if it is one."""
    if reply.status not in (301, 302, 303, 307, 308) or "location" not in reply.headers:
        return None
    try:
        target = call.url.join(reply.headers["location"])
    except (httpx.InvalidURL, ValueError) as error:
        raise Unreachable(f"redirected to nowhere: {error}") from error
    if call.url.scheme == "https" and target.scheme == "http":
        raise Forbidden("redirected from https to http")
    method, content = call.method, call.read()
    headers = _presentable(call.headers)
    if (target.scheme, target.host, target.port) != (call.url.scheme, call.url.host, call.url.port):
        headers = {name: value for name, value in headers.items() if name in _HARMLESS}
    if reply.status == 303 or (reply.status in (301, 302) and method == "POST"):
        method, content = ("HEAD" if method == "HEAD" else "GET"), b""
        headers.pop("content-type", None)
    return _prepared(method, str(target), headers, content or None)
