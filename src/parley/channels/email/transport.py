"""How a composed mail leaves: handed to the operator's relay, or caught where there is none."""

import contextlib
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings

TIMEOUT_SECONDS = 30
FAREWELL_SECONDS = 5
_LEADING_DOT = re.compile(rb"(?m)^\.")


class Refused(Exception):
    """The server said no, or could not be reached. `for_good`: it is about this mail, and asking again
    is no use."""

    def __init__(self, reply: str, *, for_good: bool) -> None:
        self.reply, self.for_good = reply, for_good
        super().__init__(reply)


class Uncertain(Exception):
    """The connection ended between the content and the server's word: it may have it, or not."""


class Transport(Protocol):
    """`send` returns what the server said. `content_follows` is called right before the content is
    offered: from then on nobody can tell, should we die, whether the server has it. Raises Refused,
    Uncertain."""

    name: str

    def send(
        self, *, sender: str, recipient: str, content: bytes, content_follows: Callable[[], None]
    ) -> str: ...


class Caught:
    """Nothing leaves: the row in the outbox is all there is. `/outbox` shows it in development."""

    name = "caught"

    def send(
        self, *, sender: str, recipient: str, content: bytes, content_follows: Callable[[], None]
    ) -> str:
        return "250 caught: no relay is configured"


class Relay:
    """A server of the operator's: smtp://user:password@host:587 with STARTTLS where offered, or smtps://."""

    name = "relay"

    def __init__(self, url: str) -> None:
        self.url = urlsplit(url)

    def send(
        self, *, sender: str, recipient: str, content: bytes, content_follows: Callable[[], None]
    ) -> str:
        """See Transport (RFC 5321, 6531). A refused sign-in is the operator's to mend, so it may
        pass."""
        with self._connection() as server:
            with _refusals(for_good=True):
                self._envelope(server, sender, recipient, content)
            content_follows()
            with _refusals(for_good=True):
                _expect(server.docmd("DATA"), 354)
                _send(server, content)  # without its end nobody may take it
            return self._end(server)

    def _end(self, server: smtplib.SMTP) -> str:
        try:
            code, said = server.docmd(".")
        except (smtplib.SMTPException, OSError) as error:
            raise Uncertain(str(error)) from error
        if code != 250:
            raise Refused(_reply(code, said), for_good=code >= 500)
        return _reply(code, said)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        with _refusals(for_good=False):
            server = self._connected()
        try:
            with _refusals(for_good=False):
                self._introduce(server)
            yield server
        finally:
            with contextlib.suppress(smtplib.SMTPException, OSError):  # it has said its word by now
                if server.sock:
                    server.sock.settimeout(FAREWELL_SECONDS)
                    server.quit()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        host, name = self.url.hostname or "localhost", settings.BASE_DOMAIN
        if self.url.scheme == "smtps":
            return smtplib.SMTP_SSL(
                host,
                self.url.port or 465,
                local_hostname=name,
                timeout=TIMEOUT_SECONDS,
                context=ssl.create_default_context(),
            )
        return smtplib.SMTP(host, self.url.port or 25, local_hostname=name, timeout=TIMEOUT_SECONDS)

    def _introduce(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        encrypted = self.url.scheme == "smtps"
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo_or_helo_if_needed()
            encrypted = True
        if self.url.username:
            if not (encrypted or _is_here(self.url.hostname or "localhost")):
                raise smtplib.SMTPException("no password is sent to a server that does not encrypt")
            server.login(unquote(self.url.username), unquote(self.url.password or ""))

    def _envelope(self, server: smtplib.SMTP, sender: str, recipient: str, content: bytes) -> None:
        options = [f"SIZE={len(content)}"] if server.has_extn("size") else []
        if not (sender.isascii() and recipient.isascii() and content.isascii()):
            if not server.has_extn("smtputf8"):
                raise smtplib.SMTPResponseException(553, b"5.6.7 the relay takes ASCII addresses only")
            server.command_encoding = "utf-8"
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        _expect(server.mail(sender, options), 250)
        _expect(server.rcpt(recipient), 250, 251)


@contextlib.contextmanager
def _refusals(*, for_good: bool) -> Iterator[None]:
    """What goes wrong before the content has gone whole: nothing has left, it may be tried again. A 5xx
    is final only where it is about the mail and not about us."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        final = for_good and error.smtp_code >= 500
        raise Refused(_reply(error.smtp_code, error.smtp_error), for_good=final) from error
    except (smtplib.SMTPException, OSError, UnicodeError) as error:  # the last: a host that is none
        raise Refused(f"the server cannot be reached: {error}", for_good=False) from error


def transport() -> Transport:
    """By settings.SMTP_RELAY."""
    return Relay(settings.SMTP_RELAY) if settings.SMTP_RELAY else Caught()


def _send(server: smtplib.SMTP, content: bytes) -> None:
    whole = content if content.endswith(b"\r\n") else content + b"\r\n"
    server.send(_LEADING_DOT.sub(b"..", whole))


def _expect(answer: tuple[int, bytes], *codes: int) -> None:
    if answer[0] not in codes:
        raise smtplib.SMTPResponseException(*answer)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reply(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {text}".replace("\x00", "")
