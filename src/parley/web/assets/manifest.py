"""Gives every asset a name that contains its hash, so that a browser may keep it for ever."""

import gzip
import hashlib
import posixpath
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Never

PREFIX = "/assets/"
ROOT = Path(__file__).parent
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
COMPRESSED = {".css", ".js", ".svg"}
HASHED = re.compile(r"(?P<stem>.+)\.(?P<digest>[0-9a-f]{12})(?P<suffix>\.[a-z0-9]+)")
CSS_IMPORT = re.compile(r"""@import\s+url\(\s*["']?([^"')]+)["']?\s*\)\s*;""")
CSS_URL = re.compile(r"""url\(\s*["']?(?!data:|#)([^"')]+)["']?\s*\)""")
JS_IMPORT = re.compile(r"""(\bfrom\s*|\bimport\s*\(?\s*)(["'])(\.{1,2}/[^"']+)\2""")
SYMBOL = re.compile(r'<symbol id="([a-z0-9-]+)"')


class UnknownAsset(LookupError):
    """A template, style sheet or module names a file that is not there."""


@dataclass(frozen=True)
class Asset:
    """One file as it is sent: imports joined, names inside it hashed."""

    name: str
    body: bytes = field(repr=False)
    digest: str

    @property
    def content_type(self) -> str:
        return TYPES[_suffix(self.name)]

    @property
    def hashed_name(self) -> str:
        stem, suffix = posixpath.splitext(self.name)
        return f"{stem}.{self.digest}{suffix}"

    @cached_property
    def gzipped(self) -> bytes | None:
        """Compressed once; None where that would not make it smaller (fonts and pictures)."""
        if _suffix(self.name) not in COMPRESSED:
            return None
        small = gzip.compress(self.body, 9, mtime=0)
        return small if len(small) < len(self.body) else None


class Manifest:
    """The assets below one folder. A file is read when it is first asked for, and never again."""

    def __init__(self, root: Path = ROOT, prefix: str = PREFIX) -> None:
        self.root, self.prefix = root, prefix
        self._made: dict[str, Asset] = {}

    def url(self, name: str) -> str:
        """The address of the asset. Raises UnknownAsset."""
        return self.prefix + self.asset(name).hashed_name

    def asset(self, name: str) -> Asset:
        """The asset as it is sent. Raises UnknownAsset."""
        return self._made.get(name) or self._make(name, ())

    def find(self, hashed_name: str) -> tuple[Asset, bool] | None:
        """What a browser asked for, and whether it is still that version; None for no such name."""
        match = HASHED.fullmatch(hashed_name)
        name = match["stem"] + match["suffix"] if match else ""
        if not match or name not in self.names:
            return None
        asset = self.asset(name)
        return asset, asset.digest == match["digest"]

    @cached_property
    def names(self) -> frozenset[str]:
        """Nothing else is ever opened, whatever a path says."""
        files = (path for path in self.root.rglob("*") if path.suffix in TYPES and path.is_file())
        return frozenset(path.relative_to(self.root).as_posix() for path in files)

    @cached_property
    def icons(self) -> frozenset[str]:
        """The names of the pictures in the sprite."""
        return frozenset(SYMBOL.findall(self._text("icons.svg")))

    def _make(self, name: str, within: tuple[str, ...]) -> Asset:
        if name in self._made:
            return self._made[name]
        if name in within:
            self._refuse(within[-1], name)
        body = self._body(name, (*within, name))
        return self._made.setdefault(name, Asset(name, body, hashlib.sha256(body).hexdigest()[:12]))

    def _body(self, name: str, within: tuple[str, ...]) -> bytes:
        suffix = _suffix(name)
        if suffix == ".css":
            return self._style(name, within).encode()
        if suffix == ".js":
            return self._module(name, within).encode()
        return self._path(name).read_bytes()

    def _style(self, name: str, within: tuple[str, ...]) -> str:
        def joined(found: re.Match[str]) -> str:
            part = self._beside(name, found[1])
            if part in within:
                self._refuse(name, part)
            return self._style(part, (*within, part))

        def hashed(found: re.Match[str]) -> str:
            return f'url("{self.prefix}{self._make(self._beside(name, found[1]), within).hashed_name}")'

        pieces, text, end = [], self._text(name), 0
        for found in CSS_IMPORT.finditer(text):  # what is joined has its own addresses hashed already
            pieces += [CSS_URL.sub(hashed, text[end : found.start()]), joined(found)]
            end = found.end()
        return "".join([*pieces, CSS_URL.sub(hashed, text[end:])])

    def _module(self, name: str, within: tuple[str, ...]) -> str:
        if name.startswith("vendor/"):
            return self._text(name)

        def hashed(found: re.Match[str]) -> str:
            imported = self._make(self._beside(name, found[3]), within)
            return f"{found[1]}{found[2]}{self.prefix}{imported.hashed_name}{found[2]}"

        return JS_IMPORT.sub(hashed, self._text(name))

    def _beside(self, name: str, reference: str) -> str:
        return posixpath.normpath(posixpath.join(posixpath.dirname(name), reference))

    def _text(self, name: str) -> str:
        return self._path(name).read_text(encoding="utf-8")

    def _path(self, name: str) -> Path:
        if name not in self.names:
            raise UnknownAsset(f"there is no asset {name}")
        return self.root / name

    def _refuse(self, name: str, part: str) -> Never:
        raise UnknownAsset(f"{name} includes {part}, which includes it: a circle has no hash")


def _suffix(name: str) -> str:
    return posixpath.splitext(name)[1]


@lru_cache(maxsize=1)
def manifest() -> Manifest:
    """The product's own assets."""
    return Manifest()
