"""Mail servers of the tests: real ones on this machine, that answer as they are told and keep what they get."""

import asyncio
import datetime
import ipaddress
import socket
import ssl
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HANG_UP = "hang up"


class Scripted:
    """`rcpt` says what is answered to which address, `data` the answers to one mail after the other."""

    def __init__(self, *data, rcpt=None, ehlo=None):
        self.data, self.rcpt, self.ehlo = list(data), rcpt or {}, ehlo
        self.mails, self.commands = [], []

    async def handle_EHLO(self, server, session, envelope, host, said):
        session.host_name = host
        return [self.ehlo] if self.ehlo else said

    async def handle_MAIL(self, server, session, envelope, address, options):
        self.commands.append(("MAIL", address, tuple(options), session.ssl is not None))
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.rcpt.get(address, "250 OK")
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        answer = self.data.pop(0) if self.data else "250 2.0.0 queued as 4711"
        if answer == HANG_UP:
            self.mails.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content))
            server.transport.abort()
            await asyncio.sleep(60)
        if answer.startswith("250"):
            self.mails.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content))
        return answer


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def relay(script, **options):
    """The server runs; gives its port."""
    controller = Controller(script, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


class Users:
    """Authenticates one user."""

    def __init__(self, login, password):
        self.right, self.seen = (login.encode(), password.encode()), []

    def __call__(self, server, session, envelope, mechanism, given):
        self.seen.append((mechanism, given.login, session.ssl is not None))
        right = (given.login, given.password) == self.right
        return AuthResult(success=right, handled=False)


def certificate(folder):
    """A server's TLS context for 127.0.0.1, and the file with the certificate to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "relay.test")])
    now = datetime.datetime.now(datetime.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return context, pem
