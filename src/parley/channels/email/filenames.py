"""Names of attached files: taken from wherever mailers put them, safe to show and to save."""

import re
import unicodedata

from parley.channels.email import headers
from parley.channels.email.parts import Part

_ENDINGS = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "text/csv": ".csv",
    "text/rtf": ".rtf",
    "text/rfc822-headers": ".txt",
    "message/rfc822": ".eml",
    "message/delivery-status": ".txt",
    "message/disposition-notification": ".txt",
    "message/feedback-report": ".txt",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/svg+xml": ".svg",
    "image/tiff": ".tiff",
    "image/heic": ".heic",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/gzip": ".gz",
    "application/x-gzip": ".gz",
    "application/xml": ".xml",
    "application/json": ".json",
    "application/rtf": ".rtf",
    "application/msword": ".doc",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".asc",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/ms-tnef": ".dat",
    "audio/mpeg": ".mp3",
    "video/mp4": ".mp4",
}
_REFUSED = re.compile(r'[<>:"|?*/\\]')
_LONGEST = 150


def declared_name(part: Part) -> str:
    """The name that the part itself gives, safe, or ""."""
    for field, parameter in (("content-disposition", "filename"), ("content-type", "name")):
        name = safe_name(headers.parameters(part.first(field))[1].get(parameter, ""))
        if name:
            return name
    location = headers.text_of(part.first("content-location"))
    return safe_name(location.partition("?")[0]) if "." in location.rpartition("/")[2] else ""


def name_for(part: Part, content: bytes) -> str:
    """The declared name, or one made from what the part is."""
    name = declared_name(part)
    kind = part.media_type
    if name:
        return name
    ending = _ENDINGS.get(kind, ".txt" if kind.startswith("text/") else ".bin")
    if kind == "message/rfc822":
        found = re.search(
            rb"^subject:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)",
            content[:20_000],
            re.IGNORECASE | re.MULTILINE,
        )
        subject = headers.text_of(found[1].decode("ascii", "surrogateescape")) if found else ""
        return (safe_name(_REFUSED.sub(" ", subject)) or "mail") + ending
    family, _, special = kind.partition("/")
    stem = {"text/calendar": "invite", "application/ms-tnef": "winmail"}.get(kind)
    return f"{stem or (special if family == 'message' else family) or 'file'}{ending}"


def safe_name(name: str, instead: str = "") -> str:
    """The last component without control, invisible and direction characters, at most 150 characters."""
    name = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = "".join(" " if letter in "\t\r\n" else letter for letter in name if not _is_invisible(letter))
    name = " ".join(unicodedata.normalize("NFC", name).split()).strip(". ") if name.strip(". ") else ""
    if len(name) > _LONGEST:
        stem, dot, ending = name.rpartition(".")
        name = (
            f"{stem[: _LONGEST - len(ending) - 1]}.{ending}"
            if dot and len(ending) < 12
            else name[:_LONGEST]
        )
    return name or instead


def _is_invisible(letter: str) -> bool:
    return letter not in "\t\r\n" and unicodedata.category(letter) in {
        "Cc",
        "Cf",
        "Cs",
        "Co",
        "Zl",
        "Zp",
    }
