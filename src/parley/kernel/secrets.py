"""Secrets at rest and in links: encryption, signatures, tokens and passwords, a key for each purpose."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth import hashers
from django.db import models
from django.db.models.query_utils import DeferredAttribute

VERSION = "p1"
_NONCE = 12  # bytes, NIST SP 800-38D


class Undecipherable(ValueError):
    """Not ours, altered, of another purpose or account, or made with a key that is gone."""


def encrypt(plain: str | bytes, *, purpose: str, account: int | None = None) -> str:
    """AES-256-GCM under a key of this purpose (HKDF-SHA256, RFC 5869) and, if given, account.

    The token is printable ASCII, `p1.` and base64url; each call gives another one.
    """
    nonce = secrets.token_bytes(_NONCE)
    key = next(_keys("encrypt", purpose, account))
    content = plain.encode() if isinstance(plain, str) else plain
    sealed = AESGCM(key).encrypt(nonce, content, _joined(VERSION, purpose, account))
    return f"{VERSION}.{base64.urlsafe_b64encode(nonce + sealed).decode().rstrip('=')}"


def decrypt(token: str, *, purpose: str, account: int | None = None) -> str:
    """The text that was encrypted for the same purpose and account. Raises Undecipherable."""
    try:
        return decrypt_bytes(token, purpose=purpose, account=account).decode()
    except UnicodeDecodeError:
        raise Undecipherable("the content is not text") from None


def decrypt_bytes(token: str, *, purpose: str, account: int | None = None) -> bytes:
    """As `decrypt`, for what was encrypted as bytes."""
    sealed = _unpacked(token)
    for key in _keys("encrypt", purpose, account):
        try:
            return AESGCM(key).decrypt(
                sealed[:_NONCE], sealed[_NONCE:], _joined(VERSION, purpose, account)
            )
        except InvalidTag:
            continue
    raise Undecipherable(f"no key of {purpose!r} opens this")


def is_current(token: str, *, purpose: str, account: int | None = None) -> bool:
    """Whether the present key opens it; if only a former one does, encrypt it anew before that goes."""
    sealed, key = _unpacked(token), next(_keys("encrypt", purpose, account))
    try:
        AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _joined(VERSION, purpose, account))
    except InvalidTag:
        return False
    return True


def sign(purpose: str, *parts: str | int, length: int = 16) -> str:
    """HMAC-SHA256 of the parts as `length` characters of base32 (5 bits each, at most 51), lower case.

    Survives mail systems that fold case. A number signs as its digits do.
    """
    return _signature(next(_keys("sign", purpose, None)), parts, length)


def verify(signature: str, purpose: str, *parts: str | int, length: int = 16) -> bool:
    """Whether `sign` made it, now or with a former key; in constant time, case ignored.

    The length is the caller's to say: a signature may not choose how short it is.
    """
    given = signature.lower().encode("utf-8", "replace")
    answers = [
        hmac.compare_digest(given, _signature(key, parts, length).encode())
        for key in _keys("sign", purpose, None)
    ]
    return any(answers)


def token() -> str:
    """A new secret of 256 random bits, safe in an address (43 characters)."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """SHA-256 in hex: what is stored of a `token`. Not for passwords, which people choose."""
    return hashlib.sha256(secret.encode()).hexdigest()


def hash_password(plain: str) -> str:
    """By the first of settings.PASSWORD_HASHERS (Argon2id), with its own salt and cost."""
    return hashers.make_password(plain)


def check_password(plain: str, hashed: str) -> tuple[bool, bool]:
    """Whether it is the password, and if so whether to store it anew at today's cost."""
    try:
        right, outdated = hashers.verify_password(plain, hashed)
    except ValueError:  # a damaged hash fits nothing, and takes as long
        dummy_check(plain)
        return False, False
    return right, right and outdated


def dummy_check(plain: str) -> None:
    """The same work for a user who does not exist, so that the time does not tell."""
    hashers.make_password(plain)


class Hidden(str):
    """A secret in memory: the text itself, but not in a repr, a traceback's locals or a log of a row."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<hidden>"


class _HidingAttribute(DeferredAttribute):
    def __set__(self, instance: models.Model, value: object) -> None:
        instance.__dict__[self.field.attname] = Hidden(value) if isinstance(value, str) else value


class EncryptedTextField(models.TextField):
    """Text that the database sees only encrypted, bound to its model and field.

    Cannot be searched or compared in a query, except for `isnull`.
    """

    descriptor_class = _HidingAttribute

    @property
    def purpose(self) -> str:
        return f"field:{self.model._meta.label_lower}.{self.name}"

    def get_prep_value(self, value: Any) -> Any:
        plain = super().get_prep_value(value)
        return None if plain is None else encrypt(str(plain), purpose=self.purpose)

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        return None if value is None else Hidden(decrypt(value, purpose=self.purpose))

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None


def _keys(use: str, purpose: str, account: int | None) -> Iterator[bytes]:
    """The present key first, then the former ones."""
    info = _joined("parley", use, purpose, account)
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        material = secret if isinstance(secret, bytes) else secret.encode()
        yield HKDF(SHA256(), 32, salt=None, info=info).derive(material)


def _joined(*parts: str | int | None) -> bytes:
    """Parts with their lengths, so that ("ab", "c") is not ("a", "bc") and None is not ""."""
    pieces = [b"-" if part is None else str(part).encode() for part in parts]
    return b"".join(
        b"%d%s%b" % (len(piece), b"!" if part is None else b":", piece)
        for part, piece in zip(parts, pieces, strict=True)
    )


def _unpacked(token: str) -> bytes:
    version, _, body = token.partition(".")
    if version != VERSION:
        raise Undecipherable("not a token of ours")
    try:
        sealed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise Undecipherable("the token is damaged") from None
    if len(sealed) < _NONCE + 16:
        raise Undecipherable("the token is cut short")
    return sealed


def _signature(key: bytes, parts: tuple[str | int, ...], length: int) -> str:
    if not 8 <= length <= 51:
        raise ValueError("a signature has 8 to 51 characters")
    made = hmac.digest(key, _joined(*parts), "sha256")
    return base64.b32encode(made).decode().lower()[:length]
