"""Files by the digest of their content, each account's in a place of its own, never shared.

Also what a stranger's file may be called, and as what it may be served.
"""

import fcntl
import hashlib
import io
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import parse_qs, urlsplit

import puremagic
from django.conf import settings

from .files_s3 import Bucket, NoSuchKey

_CHUNK = 1 << 20


class FileMissing(LookupError):
    """No such content of this account: never stored, or deleted."""


@dataclass(frozen=True)
class Stored:
    """What was stored: the SHA-256 of its content in lower-case hex, and its size in bytes."""

    sha256: str
    size: int


class Storage(Protocol):
    """Where an account's files are. ValueError for a cell, account or digest that is none."""

    def put(self, cell: str, account: int, content: BinaryIO | bytes) -> Stored:
        """Store, durably before it returns. The same content twice is one file."""

    def open(self, cell: str, account: int, sha256: str) -> BinaryIO:
        """The content, at its start, seekable; the caller closes it. Raises FileMissing."""

    def exists(self, cell: str, account: int, sha256: str) -> bool: ...

    def delete(self, cell: str, account: int, sha256: str) -> None:
        """Gone for good; deleting twice is no error."""

    def usage(self, cell: str, account: int) -> int:
        """Bytes of all files of the account."""

    def export(self, cell: str, account: int) -> Iterator[str]:
        """The digests of all files of the account, in order."""

    def sweep(self, cell: str) -> int:
        """Remove what writers that died have left behind. How much that was."""


class Folder:
    """A folder of this machine: ROOT/cell/account/ab/cdef…

    A file is written under ROOT/cell/.new, synced, and renamed, so that a digest names a whole file or
    none. The writer holds a lock on it: `sweep` tells the dead from the slow without a clock.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)

    def put(self, cell: str, account: int, content: BinaryIO | bytes) -> Stored:
        new = (self.root / _home(cell, account)).parent / ".new"
        _make_folder(new)
        with self._draft(new) as (draft, name):
            stored = _copied(content, draft)
            draft.flush()
            os.fsync(draft.fileno())
            place = self.root / _place(cell, account, stored.sha256)
            _make_folder(place.parent)
            # Replaces its like, if there is one: that also heals a file a disk has damaged.
            name.replace(place)
            _sync_folder(place.parent)
        return stored

    def open(self, cell: str, account: int, sha256: str) -> BinaryIO:
        try:
            return (self.root / _place(cell, account, sha256)).open("rb")
        except FileNotFoundError:
            raise FileMissing(sha256) from None

    def exists(self, cell: str, account: int, sha256: str) -> bool:
        return (self.root / _place(cell, account, sha256)).is_file()

    def delete(self, cell: str, account: int, sha256: str) -> None:
        path = self.root / _place(cell, account, sha256)
        with suppress(FileNotFoundError):
            path.unlink()
            _sync_folder(path.parent)

    def usage(self, cell: str, account: int) -> int:
        total = 0
        for path in self._paths(cell, account):
            with suppress(FileNotFoundError):  # deleted meanwhile
                total += path.stat().st_size
        return total

    def export(self, cell: str, account: int) -> Iterator[str]:
        return (path.parent.name + path.name for path in self._paths(cell, account))

    def sweep(self, cell: str) -> int:
        """Remove what writers who died have left; how many there were. Safe at any time."""
        gone = 0
        for path in (self.root / _home(cell, 0)).parent.glob(".new/*"):
            with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as left:
                fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                gone += 1
        return gone

    def _paths(self, cell: str, account: int) -> Iterator[Path]:
        for shard in sorted((self.root / _home(cell, account)).glob("[0-9a-f][0-9a-f]")):
            yield from sorted(shard.iterdir())

    @staticmethod
    @contextmanager
    def _draft(folder: Path) -> Iterator[tuple[BinaryIO, Path]]:
        """A locked file to write to. The caller renames it; failing, it is removed."""
        while True:
            number, name = tempfile.mkstemp(dir=folder)
            draft, path = os.fdopen(number, "wb"), Path(name)
            fcntl.flock(draft, fcntl.LOCK_EX)
            if os.fstat(number).st_nlink:  # else a sweep came before our lock
                break
            draft.close()
        with draft:
            try:
                yield draft, path
            except BaseException:
                path.unlink(missing_ok=True)
                raise


class S3:
    """A bucket of an S3-compatible store; keys are PREFIX/cell/account/ab/cdef…"""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket

    def put(self, cell: str, account: int, content: BinaryIO | bytes) -> Stored:
        _home(cell, account)  # refuses before it reads
        with tempfile.TemporaryFile() as draft:  # the digest is the key: it is known only at the end
            stored = _copied(content, draft)
            key = _place(cell, account, stored.sha256)
            if self.bucket.size(key) != stored.size:
                draft.seek(0)
                self.bucket.put(key, draft)
        return stored

    def open(self, cell: str, account: int, sha256: str) -> BinaryIO:
        try:
            return self.bucket.open(_place(cell, account, sha256))
        except NoSuchKey:
            raise FileMissing(sha256) from None

    def exists(self, cell: str, account: int, sha256: str) -> bool:
        return self.bucket.size(_place(cell, account, sha256)) is not None

    def delete(self, cell: str, account: int, sha256: str) -> None:
        self.bucket.delete(_place(cell, account, sha256))

    def usage(self, cell: str, account: int) -> int:
        return sum(size for _, size in self.bucket.list(f"{_home(cell, account)}/"))

    def export(self, cell: str, account: int) -> Iterator[str]:
        return ("".join(key.split("/")[-2:]) for key, _ in self.bucket.list(f"{_home(cell, account)}/"))

    def sweep(self, cell: str) -> int:
        return 0  # an object appears whole or not at all


def storage() -> Storage:
    """By settings.FILES: a folder, or `s3://bucket/prefix?endpoint=https://…&region=…`."""
    return _storage(str(settings.FILES))


@lru_cache(maxsize=8)
def _storage(where: str) -> Storage:
    if not where.startswith("s3://"):
        return Folder(where)
    parts = urlsplit(where)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if unknown := options.keys() - {"endpoint", "region"}:
        raise ValueError(f"unknown in the address of the file store: {', '.join(sorted(unknown))}")
    return S3(Bucket(parts.netloc, parts.path.strip("/"), **options))


_SHOWN = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF.{4}WEBP", re.S),
    "image/avif": re.compile(rb".{4}ftypavif", re.S),
    "application/pdf": re.compile(rb"%PDF-"),
}
_WRITTEN = {"text/plain", "text/csv", "text/markdown", "text/x-log"}


def safe_type(content_type: str, name: str, head: bytes) -> tuple[str, bool]:
    """The content type to serve a file with, and whether a browser may show it in the page.

    `head` is its first 4 KB or so. Pictures and PDF are known by their content alone; text is shown
    when it claims to be text and is nothing else. All the rest is a download without a type, to be
    served with `Content-Disposition: attachment` and `X-Content-Type-Options: nosniff`.
    """
    found = _magic(head)
    for known, signature in _SHOWN.items():
        if known in found and signature.match(head):  # puremagic alone takes any RIFF for WebP
            return known, True
    claimed = content_type.partition(";")[0].strip().lower()
    named_text = name.lower().endswith((".txt", ".log", ".csv", ".md"))
    if claimed in _WRITTEN and (named_text or "." not in name) and _is_text(head):
        return "text/plain; charset=utf-8", True
    return "application/octet-stream", False


def _magic(head: bytes) -> set[str]:
    try:
        return {each.mime_type for each in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):
        return set()


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # a character cut at the end is none of the file's faults
            return False
        text = head[: error.start].decode()
    return not re.search(
        r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]|<\s*(?:!doctype|html|script|svg|\?xml)", text, re.I
    )


_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.I)


def safe_name(name: str) -> str:
    """A file name that any system can store and that looks like what it is; at most 200 bytes of UTF-8.

    Without folders, control and direction characters, and names Windows reserves. Keeps letters of all
    scripts and the extension; "file" if nothing is left. Applied again it changes nothing.
    """
    kept = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept = re.sub(r"[\t-\r]+", " ", kept)
    kept = "".join(c for c in kept if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    kept = re.sub(r'[<>:"|?*]', "_", " ".join(kept.split())).strip(". ")
    if _RESERVED.match(kept):
        kept = f"_{kept}"
    stem, dot, extension = kept.rpartition(".")
    if not dot or len(extension.encode()) > 20:
        stem, extension = kept, ""
    tail = f".{extension}" if extension else ""
    stem = stem.encode()[: 200 - len(tail.encode())].decode(errors="ignore").rstrip(". ")
    return f"{stem}{tail}" or "file"


def _home(cell: str, account: int) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", cell) or type(account) is not int or account < 0:
        raise ValueError(f"no place for files: cell {cell!r}, account {account!r}")
    return f"{cell}/{account}"


def _place(cell: str, account: int, sha256: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError("not a SHA-256 in lower-case hex")
    return f"{_home(cell, account)}/{sha256[:2]}/{sha256[2:]}"


def _copied(content: BinaryIO | bytes, to: BinaryIO) -> Stored:
    source = io.BytesIO(content) if isinstance(content, bytes) else content
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        size += to.write(chunk)
    return Stored(digest.hexdigest(), size)


def _make_folder(folder: Path) -> None:
    """With its parents, each synced into the one above: a crash must not lose the way to a file."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
