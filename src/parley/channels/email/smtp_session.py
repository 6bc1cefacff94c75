"""One connection to the mail door: what aiosmtpd leaves open is decided here.

It parses commands; which mails and how many are taken, what is said to whom, and how a mail is read to
its end are ours. Bytes are kept as they came: only the dots of the transfer are taken off.
"""

import asyncio
import logging
import tempfile
import time
from typing import IO, TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP
from django.conf import settings

from . import intake
from .addresses import normalise

if TYPE_CHECKING:
    from .smtp import Door

log = logging.getLogger("parley.smtp")
IN_MEMORY = 1 << 20  # bytes of a mail on its way in; the rest waits on disk
LONGEST_LINE = 1 << 16  # read at once; longer ones are read in pieces
LINGER_SECONDS = 5  # for the last words to be read
LATER = "451 4.3.0 Mail cannot be taken right now, try again later"
TOO_LARGE = "552 5.3.4 The mail is larger than this server takes"
END = b".\r\n"


class _Commands(dict[str, Any]):
    """What nobody knows is a command too, one that fails: aiosmtpd itself would hang up after five."""

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else self["UNKNOWN"]


class Session(SMTP):
    """Shared limits and threads are the door's."""

    line_length_limit = LONGEST_LINE
    # Never None while a connection is served, which is the only time when we look.
    session: Any
    envelope: Any
    transport: Any
    _handler_coroutine: Any

    def __init__(self, door: "Door", loop: asyncio.AbstractEventLoop) -> None:
        self.door, self.ip = door, ""
        self.errors = self.mails = 0
        self.is_receiving = False  # a mail is on its way in
        self.named: set[str] = set()  # recipients of this mail, in the form that compares
        super().__init__(
            self,
            data_size_limit=door.largest,
            enable_SMTPUTF8=True,
            hostname=settings.BASE_DOMAIN,
            ident="ESMTP Parley",
            timeout=door.limits.idle_seconds,
            loop=loop,
        )
        self._smtp_methods = _Commands(self._smtp_methods)

    # The connection

    async def _handle_client(self) -> None:
        self.ip = (self.session.peer or ("",))[0]
        if refusal := self.door.enter(self):
            await super().push(refusal)
            self.transport.close()
            return
        try:
            await super()._handle_client()
        except ConnectionError:
            pass  # the peer is gone; nobody is left to be told
        finally:
            self.door.leave(self)

    def dismiss(self) -> None:
        """We stop: a mail on its way in may end, everybody else is sent away."""
        if not self.is_receiving:
            self._hang_up("421 4.3.2 The server is shutting down, try again later")

    def abort(self) -> None:
        if self.transport:
            self.transport.abort()

    def _timeout_cb(self) -> None:
        self._hang_up("421 4.4.2 Nothing came for too long")

    def _hang_up(self, last_words: str) -> None:
        """At once, also on a peer who does not read what it is told."""
        if self.transport and not self.transport.is_closing():
            self._writer.write(f"{last_words}\r\n".encode())
            self.transport.close()
            self.loop.call_later(LINGER_SECONDS, self.transport.abort)
        self._handler_coroutine.cancel()

    async def push(self, status: Any) -> None:
        """Says it (text or bytes), and counts what went wrong: whoever does nothing else is sent
        away."""
        await super().push(status)
        self.errors += status[:1] in ("4", "5", b"4", b"5")
        if self.errors >= self.door.limits.errors:
            self._hang_up("421 4.7.0 Too many errors")
            await asyncio.sleep(0)  # ends here: the task was cancelled

    async def handle_exception(self, error: Exception) -> str:
        """A peer never sees our insides; aiosmtpd's parsers raise all sorts of things."""
        log.error("a connection failed: %s", type(error).__name__, exc_info=error)
        return LATER

    # Commands

    async def handle_EHLO(
        self, server: SMTP, session: Any, envelope: Any, host: str, said: list
    ) -> list:
        session.host_name = host
        return [*said[:-1], "250-PIPELINING", said[-1]]

    async def handle_HELO(self, server: SMTP, session: Any, envelope: Any, host: str) -> str:
        session.host_name = host
        return f"250 {self.hostname}"

    async def handle_MAIL(
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.mails >= self.door.limits.mails:
            self._hang_up("421 4.7.0 That were many mails; use a new connection for more")
            await asyncio.sleep(0)
        envelope.mail_from = address
        self.named = set()
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= self.door.limits.recipients:
            return "452 4.5.3 Too many recipients; send it again for the others"
        try:
            await self.door.ask(intake.account_of, address)
        except intake.NoAddress:
            return "553 5.1.3 This is no mail address"
        except intake.Unknown:
            return "550 5.1.1 Nobody takes mail at this address, and mail is not passed on from here"
        except intake.NotNow as reason:
            log.warning("RCPT put off: %s", reason)
            return LATER
        if (key := normalise(address)) not in self.named:
            self.named.add(key)
            envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_VRFY(self, server: SMTP, session: Any, envelope: Any, address: str) -> str:
        return "252 2.5.2 Send some mail and see"

    async def smtp_UNKNOWN(self, arg: str | None) -> None:
        await self.push("500 5.5.1 No such command here")

    async def smtp_HELP(self, arg: str | None) -> None:
        await self.push("214 2.0.0 RFC 5321")

    async def smtp_DATA(self, arg: str | None) -> None:
        """Instead of aiosmtpd's: no line is too long, and a large mail does not lie in memory."""
        if await self.check_helo_needed():
            return
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 First the recipients")
            return
        if arg:
            await self.push("501 5.5.4 DATA stands alone")
            return
        self.is_receiving = True
        try:
            with tempfile.SpooledTemporaryFile(IN_MEMORY) as draft:
                status = await self._received(draft)
        finally:
            self.is_receiving = False
            self._set_post_data_state()
        await self.push(status)
        if self.door.is_closing:
            self.dismiss()

    async def _received(self, draft: IO[bytes]) -> str:
        await self.push("354 End with a dot on a line of its own")
        try:
            async with asyncio.timeout(self.door.limits.data_seconds):
                size = await self._read_data(draft)
        except TimeoutError:
            self._hang_up("421 4.4.2 This took too long")
            await asyncio.sleep(0)
            return LATER
        self.mails += 1
        status, accounts = (TOO_LARGE, []) if size > self.door.largest else await self._stored(draft)
        log.info(
            "mail from %s: %d bytes, %d recipients, accounts %s: %s",
            self.ip,
            size,
            len(self.envelope.rcpt_tos),
            " ".join(accounts) or "none",
            status[:9],
        )
        return status

    async def _read_data(self, draft: IO[bytes]) -> int:
        """Up to the line with the dot (RFC 5321 section 4.5.2), which only <CRLF> can begin and end:
        another reading is how mails are smuggled into each other. Returns the size, of which no more is
        kept than may be stored."""
        size, begins = 0, True
        while True:
            piece = await self._piece()
            if begins and piece == END:
                return size
            if begins and piece.startswith(b"."):
                piece = piece[1:]
            begins = piece.endswith(b"\r\n")
            size += len(piece)
            if size <= self.door.largest:
                draft.write(piece)
            elif size > 2 * self.door.largest:
                self._hang_up(TOO_LARGE)
                await asyncio.sleep(0)

    async def _piece(self) -> bytes:
        """A line, or a part of a very long one."""
        try:
            piece = await self._reader.readuntil(b"\r\n")
        except asyncio.LimitOverrunError as overrun:
            piece = await self._reader.readexactly(overrun.consumed)
        self._reset_timeout()
        return piece

    async def _stored(self, draft: IO[bytes]) -> tuple[str, list[str]]:
        draft.seek(0)
        sender = self.envelope.mail_from.strip("<>")
        recipients = list(self.envelope.rcpt_tos)
        started = time.monotonic()
        try:
            names = await self.door.ask(_store, draft, sender, recipients)
        except intake.NotNow as reason:
            log.warning("mail put off after %.1f s: %s", time.monotonic() - started, reason)
            return LATER, []
        return "250 2.0.0 It is ours now", names


def _store(draft: IO[bytes], sender: str, recipients: list[str]) -> list[str]:
    return intake.store(draft.read(), envelope_from=sender, recipients=recipients, source="smtp")
