"""Address fields of mail become addresses (RFC 5322, 6532), leniently, and addresses become
comparable."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import idna

from parley.channels.email.headers import decode_words

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
_CONTROL = re.compile(r"[\x00-\x20\x7f\u0080-\u00a0]")
_ATOM = r"[^\s\x00-\x20\x7f()<>\[\]:;@\\,.\"]+"
_LOCAL = re.compile(rf'{_ATOM}(?:\.{_ATOM})*|"(?:[^"\\\r\n]|\\.)*"')
_LENIENT_LOCAL = re.compile(
    r"[^\s\x00-\x20\x7f()<>\[\]:;@\\,\"]+"
)  # dots in odd places: some phone carriers give such
_LABELS = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_LITERAL = re.compile(r"\[(?:IPv6:[0-9a-f:.]+|[0-9.]+)\]", re.IGNORECASE)
_ANGLE = re.compile(r"<([^<>]*)>")
_OUTSIDE_QUOTES = re.compile(r'("(?:[^"\\]|\\.)*")|<[^<>]*>', re.DOTALL)  # a name may hold such signs
_BARE = re.compile(r"[^\s<>,;:\"'()\[\]@]{1,64}@[^\s<>,;:\"'()@]{1,253}")
_TOKEN = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.){0,300}")|\((?P<comment>(?:[^()\\]|\\.|\([^()]{0,200}\)){0,300})\)"""
    r"""|(?P<angle><[^<>]{0,1000}>)|(?P<comma>[,;])|(?P<colon>:)|(?P<other>[^"(<,;:]+|.)""",
    re.DOTALL,
)
_MOST_ADDRESSES = 2000


@dataclass(frozen=True)
class Address:
    """A mailbox. `email` has its domain in lower case A-labels (RFC 5891) and its local part as written;
    it is "" when what was written is no address, then `raw` keeps the writing."""

    name: str
    email: str
    raw: str = ""

    @property
    def key(self) -> str:
        """The form to compare and to look up by."""
        return normalise(self.email)


def parse_addresses(raw: str) -> tuple[Address, ...]:
    """The mailboxes of a From, To, Cc or Reply-To field in order.

    Understands groups, comments, routes, semicolons between addresses, commas in unquoted names,
    encoded words within quotes, 8-bit names. Never raises; at most 2,000 are read.
    """
    found: list[Address] = []
    waiting: list[str] = []  # the first half of: Doe, Jane <jane@example.com>
    for piece in _pieces(raw.replace("\r", "").replace("\n", " ")):
        if piece and "@" not in piece and "<" not in piece:
            waiting.append(piece)
            continue
        if waiting and "<" in piece:
            piece = ", ".join([*waiting, piece])
        elif waiting:
            found.append(_mailbox(", ".join(waiting)))
        waiting = [] if piece else waiting
        if piece:
            found.append(_mailbox(piece))
        if len(found) >= _MOST_ADDRESSES:
            break
    return (*found, _mailbox(", ".join(waiting))) if waiting else tuple(found)


def normalise(email: str) -> str:
    """The form by which two addresses are the same: local part casefolded, domain in lower case
    A-labels.

    "" for what is no address.
    """
    local, _, domain = _clean(email).rpartition("@")
    return f"{local.casefold()}@{domain}" if local else ""


def with_ascii_domain(email: str) -> str:
    """The address with its domain in A-labels, as servers want it; "" for what is no address."""
    return _clean(email) if is_address(email) else ""


def is_address(email: str) -> bool:
    """Whether mail can be addressed to `email` (RFC 5321 and 6531 syntax and lengths; no look-up)."""
    local, _, domain = email.rpartition("@")
    if not _LOCAL.fullmatch(local) or _INVISIBLE.search(email) or not email.isprintable():
        return False
    ascii_domain = _domain(domain)
    return bool(ascii_domain) and len(local.encode()) <= 64 and len(ascii_domain) <= 253


def _pieces(raw: str) -> Iterator[str]:
    """The parts between commas and semicolons; comments and the names of groups are dropped."""
    piece, comment = "", ""
    for token in _TOKEN.finditer(raw):
        kind = token.lastgroup
        if kind == "comma":
            yield _with_comment(piece, comment)
            piece, comment = "", ""
        elif kind == "comment":
            comment = token["comment"]
        elif kind == "colon" and "@" not in piece:
            piece = ""
        else:
            piece += token.group()
    yield _with_comment(piece, comment)


def _with_comment(text: str, comment: str) -> str:
    """jane@example.com (Jane Doe) is the old form of a name."""
    text = text.strip()
    if comment and "@" in text and "<" not in text:
        return f'"{comment.replace(chr(34), "")}" <{text}>'
    return text


def _mailbox(piece: str) -> Address:
    angles = _ANGLE.findall(piece)
    if angles:
        candidate = next((one for one in reversed(angles) if "@" in one), angles[-1])
        name = _OUTSIDE_QUOTES.sub(lambda found: found[1] or " ", piece)
    else:
        bare = _BARE.search(piece)
        candidate = piece if _clean(piece) or not bare else bare.group()
        name = piece.replace(candidate, " ")
    email = _clean(decode_words(candidate))
    if not email and angles:  # the address is where the name should be
        email = _clean(decode_words(name.strip().strip('"')))
        name = "" if email else name
    words = _name(name)
    if words.casefold().strip("'\"<>") == email.casefold():
        words = ""
    return Address(words, email, "" if email else _one_line(decode_words(piece)))


def _name(raw: str) -> str:
    """What is quoted is meant as it stands; around what is not, stray brackets go."""
    is_quoted, text = '"' in raw, raw
    if is_quoted:
        text = re.sub(r'\\(["\\])', r"\1", raw.strip().removeprefix('"').removesuffix('"'))
    text = _one_line(_INVISIBLE.sub("", decode_words(text)))
    text = text if is_quoted else text.strip("<> ")
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1].strip()
    return text


def _one_line(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text).split())


def _clean(email: str) -> str:
    """An address with a proper domain, or ""."""
    email = _INVISIBLE.sub("", email).strip().strip("<>").strip()
    if email[:7].lower() == "mailto:":
        email = email[7:]
    if email.startswith("@") and ":" in email:  # a route, RFC 5322 section 4.4
        email = email.rpartition(":")[2]
    local, _, domain = email.rpartition("@")
    local = local.strip()
    if not local.startswith('"'):
        local = _CONTROL.sub("", local).strip("'")
    domain = _domain(_CONTROL.sub("", domain).strip("'").rstrip(".,;'>"))
    if (
        not domain
        or len(local) > 250
        or not (_LOCAL.fullmatch(local) or _LENIENT_LOCAL.fullmatch(local))
    ):
        return ""
    return f"{local}@{domain}"


def _domain(domain: str) -> str:
    """The domain in lower case A-labels (UTS 46), or ""."""
    if _LITERAL.fullmatch(domain):
        return domain.lower()
    if domain.isascii():
        lowered = domain.lower()
        return lowered if len(lowered) <= 253 and _LABELS.fullmatch(lowered) else ""
    try:
        return idna.encode(domain[:253], uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError, ValueError):
        return ""
