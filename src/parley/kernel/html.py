"""Makes HTML from outside safe to show in a sandboxed frame, and turns it into text and back.

Two parsers, one after the other. libxml2 reads whatever came, in linear time, as a balanced stream of
tags; from it a bounded document is written (`_Writer`), because an HTML5 tree builder needs quadratic
time and space for hostile nesting. nh3 then has the last word on tags, attributes and addresses.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from urllib.parse import unquote

import nh3
from inscriptis import get_text
from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.model.config import ParserConfig
from lxml import etree

LONGEST = 2_000_000  #: characters read of a document
DEEPEST = 120  #: elements within elements kept; the text of deeper ones stays
MOST_TAGS = 60_000  #: elements kept; the text of later ones stays

REL = "noopener noreferrer nofollow ugc"


def _words(text: str) -> set[str]:
    return set(text.split())


_INLINE = (
    "a abbr b big br code del em font i img ins kbd mark q s samp small span"
    " strike strong sub sup tt u var wbr"
)
_BLOCKS = (
    "address article aside blockquote center dd div dl dt footer h1 h2 h3 h4 h5 h6 header hr li main ol"
    " p pre section ul"
)
_TABLES = "caption col colgroup table tbody td tfoot th thead tr"
_MAIL_TAGS = _words(f"{_INLINE} {_BLOCKS} {_TABLES}")
_REPLY_TAGS = _words("a b blockquote br code em h1 h2 h3 i img li ol p pre s strong u ul")
_VOID = _words("br col hr img wbr")
#: Dropped with all they contain; any other unknown tag is dropped and its content kept.
_DROPPED = _words(
    "applet audio canvas embed iframe math noembed noframes noscript object script select style svg"
    " template textarea title video"
)
_MAIL_ATTRIBUTES = {
    "*": _words("align bgcolor dir height lang style title valign width"),
    "a": {"href"},
    "img": _words("alt border data-remote-src hspace src vspace"),
    "font": _words("color face size"),
    "table": _words("border bordercolor cellpadding cellspacing"),
    "td": _words("colspan nowrap rowspan scope"),
    "th": _words("colspan nowrap rowspan scope"),
    "col": {"span"},
    "colgroup": {"span"},
    "ol": _words("start type"),
    "ul": {"type"},
    "li": _words("type value"),
    "br": {"clear"},
    "hr": _words("color noshade size"),
    "blockquote": {"type"},
}
_REPLY_ATTRIBUTES = {"a": {"href"}, "img": _words("alt src")}
_SPANS = _words("colspan rowspan span")

_LINK = re.compile(r"(?:https?://|mailto:|tel:)\S", re.I)
_REMOTE = re.compile(r"(?:https?:)?//", re.I)
_PICTURE = re.compile(r"data:image/(?:png|gif|jpe?g|webp);base64,[a-z0-9+/=\s]*", re.I)
_WAITING = re.compile(r'<img(?: [a-z-]+="[^"]*")*? data-remote-src="')  # as nh3 writes it
_OWN = re.compile(r"/files/(?:[\w-][\w.-]*/)*[\w-][\w.-]*")

_PROPERTIES = re.compile(
    r"""background|background-color|border(?:-(?:top|right|bottom|left|block|inline))?
    (?:-(?:color|style|width))?|border-(?:collapse|spacing|radius)|clear|color|direction|display|float
    |font(?:-(?:family|size|style|weight|variant))?|(?:min-|max-)?(?:width|height)|letter-spacing
    |line-height|list-style(?:-type|-position)?|(?:margin|padding)(?:-(?:top|right|bottom|left))?
    |opacity|overflow-wrap|table-layout|text-(?:align|decoration|indent|transform)|vertical-align
    |visibility|white-space|word-(?:break|spacing|wrap)""",
    re.X,
)
# Plain words, numbers, colours and quoted names. What is no token (url(), expression(), an escape, a
# comment) takes its declaration along. Atomic, so that no value takes more than linear time.
_VALUE = re.compile(
    r"""(?:\s*(?>
    \#[0-9a-f]{3,8}(?![\w-]) | (?:rgb|hsl)a?\([\d\s.,%/+-]*\) | [+-]?(?:\d+\.?\d*|\.\d+)(?:%|[a-z]{1,5})?
    | -?[a-z_][\w-]*(?!\() | "[\w\s.,+-]*" | '[\w\s.,+-]*' | , | / | !\s*important ))++\s*""",
    re.I | re.X | re.A,
)


@dataclass(frozen=True)
class Cleaned:
    """Safe HTML; how many pictures wait for the reader's leave; whether the document was cut."""

    html: str
    remote_images_blocked: int = 0
    cut: bool = False


@dataclass(frozen=True)
class _Policy:
    """Which tags, attributes and pictures stay."""

    tags: set[str]
    attributes: dict[str, set[str]]
    remote_images: bool = False
    own_images: bool = False
    cid_urls: Mapping[str, str] = field(default_factory=dict)

    def attribute(self, tag: str, name: str, value: str) -> str | None:
        """The value to keep, or None: nh3 asks for each attribute of an allowed name."""
        if name == "style":
            return _declarations(value)
        if name == "href":
            return value.strip() if _LINK.match(value.strip()) else None
        if name == "src":
            return self._picture(value)
        if name == "data-remote-src":
            return None if self.remote_images or not _REMOTE.match(value) else value
        if name in _SPANS:
            return value if re.fullmatch(r"\d{1,3}", value, re.A) else None
        return value

    def _picture(self, address: str) -> str | None:
        if address in self.cid_urls.values() or _PICTURE.fullmatch(address):
            return address
        if self.own_images:
            return address if _OWN.fullmatch(address) or address[:4].lower() == "cid:" else None
        return address if self.remote_images and _REMOTE.match(address) else None


def clean(
    html: str, *, remote_images: bool = False, cid_urls: Mapping[str, str] | None = None
) -> Cleaned:
    """HTML of a stranger's mail, safe for a sandboxed frame. Cleaning it again changes nothing.

    `cid_urls` maps a Content-ID without angle brackets (RFC 2392) to the address of its file. Pictures
    from the network lose their `src`, kept as `data-remote-src`, unless `remote_images`.
    """
    policy = _Policy(_MAIL_TAGS, _MAIL_ATTRIBUTES, remote_images=remote_images, cid_urls=cid_urls or {})
    safe, cut = _settled(html, policy)
    return Cleaned(safe, len(_WAITING.findall(safe)), cut)


def clean_reply(html: str) -> str:
    """What our own agents wrote: few tags, no styles, pictures by `cid:` or from our own files only."""
    return _settled(html, _Policy(_REPLY_TAGS, _REPLY_ATTRIBUTES, own_images=True))[0]


def to_text(html: str) -> str:
    """The text of a document as a reader would see it: lines, lists and tables laid out, no markup."""
    bounded, _ = _rewritten(html, _Policy(_MAIL_TAGS, {}))
    # The layout engine sets a table into the line before it.
    bounded = bounded.replace("<table>", "<div><table>").replace("</table>", "</table></div>")
    try:
        layout = ParserConfig(css=STRICT_CSS_PROFILE, display_images=False)
        text = get_text(f"<html><body>{bounded}</body></html>", layout)
    except (RecursionError, ValueError, IndexError, KeyError, AttributeError, etree.LxmlError):
        # The layout engine trusts its input; text without layout is better than none.
        text = unescape(nh3.clean(bounded, tags=set()))
    lines = [line.rstrip() for line in text.replace("\xa0", " ").splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


_ADDRESS = re.compile(
    r"""(?P<url>\b(?:https?://[^\s<>"]+ | www\.(?:[\w-]{1,63}\.){1,8}[a-z]{2,63}(?:[/?\#:][^\s<>"]*)?))
    |(?P<mail>(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,63}(?![\w-]))""",
    re.I | re.X,
)


def from_text(text: str) -> str:
    """Plain text as safe HTML: paragraphs, line breaks and indentation kept, addresses made links."""
    text = _sound(text).replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
    paragraphs = [each.strip("\n") for each in re.split(r"\n\s*\n", text) if each.strip()]
    return "".join(f"<p>{_paragraph(each)}</p>" for each in paragraphs)


_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c"
    r"\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_OPENED_BY = {")": "(", "]": "[", "}": "{"}


def preview(text: str, length: int = 160) -> str:
    """One line of at most `length` characters, cut at a word, with an ellipsis when it was cut."""
    folded = " ".join(_UNSEEN.sub("", text[: length * 50]).split())
    if len(folded) <= length:
        return folded
    kept = folded[: length - 1]
    if folded[length - 1] != " " and " " in kept:
        kept = kept.rsplit(" ", 1)[0] if 2 * (len(kept) - kept.rindex(" ")) <= length else kept
    return kept.rstrip(" ,;:.-") + "…"


def _settled(html: str, policy: _Policy) -> tuple[str, bool]:
    """Cleaned until a further pass changes nothing, so that no later reader sees another tree."""
    safe, cut = _once(html, policy)
    for _ in range(4):
        again, _ = _once(safe, policy)
        if again == safe:
            return safe, cut
        safe = again
    return _once(escape(nh3.clean(safe, tags=set()), quote=False), policy)[0], cut


def _once(html: str, policy: _Policy) -> tuple[str, bool]:
    bounded, cut = _rewritten(html, policy)
    linked = "a" in policy.tags
    safe = nh3.clean(
        bounded,
        tags=policy.tags,
        clean_content_tags=_DROPPED,
        attributes=policy.attributes,
        attribute_filter=policy.attribute,
        link_rel=REL if linked else None,
        set_tag_attribute_values={"a": {"target": "_blank"}} if linked else None,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        url_relative=lambda address: address if policy._picture(address) else None,
    )
    return safe.strip(), cut


def _rewritten(html: str, policy: _Policy) -> tuple[str, bool]:
    writer = _Writer(policy)
    parser = etree.HTMLParser(target=writer, huge_tree=True, no_network=True, remove_comments=True)
    parser.feed("<html><body>" + _sound(html[:LONGEST]))
    return parser.close(), len(html) > LONGEST or writer.cut


def _sound(text: str) -> str:
    """Without what UTF-8 or a parser cannot carry: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


class _Writer:
    """Writes a balanced, bounded document from libxml2's events: the target of an lxml parser."""

    def __init__(self, policy: _Policy) -> None:
        self.policy, self.cut = policy, False
        self.out: list[str] = []
        self.open: list[bool] = []  # for each open element, whether it was written
        self.depth = self.written = self.dropping = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.dropping += self.dropping > 0 or tag in _DROPPED
        write = not self.dropping and tag in self.policy.tags
        if write and (self.depth >= DEEPEST or self.written >= MOST_TAGS):
            write, self.cut = tag == "br", True
        self.open.append(write)
        if write:
            self.written += 1
            self.depth += 1
            self.out.append(f"<{tag}{''.join(self._attributes(tag, attributes))}>")
            if tag == "pre":  # its first newline is no content to an HTML5 parser, so give it one
                self.out.append("\n")

    def end(self, tag: str) -> None:
        if not self.open:
            return
        self.dropping -= self.dropping > 0
        if self.open.pop():
            self.depth -= 1
            if tag not in _VOID:
                self.out.append(f"</{tag}>")

    def data(self, text: str) -> None:
        if not self.dropping:
            self.out.append(escape(text, quote=False))

    def close(self) -> str:
        return "".join(self.out)

    def _attributes(self, tag: str, given: Mapping[str, str]) -> list[str]:
        allowed = self.policy.attributes.get("*", set()) | self.policy.attributes.get(tag, set())
        kept = {name: value or "" for name, value in given.items() if name in allowed}
        if tag == "img":
            self._place(kept)
        return [f' {name}="{escape(value)}"' for name, value in kept.items()]

    def _place(self, kept: dict[str, str]) -> None:
        """Map `cid:` to a file; move a remote picture to where it is not loaded, or back."""
        source = re.sub(r"[\x00-\x20]+", "", kept.pop("src", ""))
        waiting = kept.pop("data-remote-src", "").strip()
        if source[:4].lower() == "cid:" and not self.policy.own_images:
            source = self.policy.cid_urls.get(unquote(source[4:]).strip("<>"), "")
        source = f"https:{source}" if source.startswith("//") else source
        if not self.policy.remote_images and _REMOTE.match(source):
            source, waiting = "", source
        elif self.policy.remote_images and not source:
            source, waiting = waiting, ""
        rest = dict(kept)
        kept.clear()
        if source:
            kept["src"] = source
        elif waiting and "data-remote-src" in self.policy.attributes["img"]:
            kept["data-remote-src"] = waiting
        kept |= rest


def _declarations(style: str) -> str | None:
    kept = []
    for declaration in style[:4000].split(";"):
        name, _, value = declaration.partition(":")
        name, value = name.strip().lower(), " ".join(value.split())
        if _PROPERTIES.fullmatch(name) and _VALUE.fullmatch(value):
            kept.append(f"{name}: {value}")
    return "; ".join(kept) or None


def _paragraph(text: str) -> str:
    parts, at = [], 0
    for found in _ADDRESS.finditer(text):
        shown = _without_punctuation(found[0]) if found["url"] else found[0]
        scheme = "mailto:" if found["mail"] else "" if shown[:4].lower() == "http" else "https://"
        parts += [escape(text[at : found.start()], quote=False), _link(scheme + shown, shown)]
        at = found.start() + len(shown)
    spaced = "".join([*parts, escape(text[at:], quote=False)]).replace("\n", "<br>")
    spaced = re.sub(r"(^|<br>)( +)", lambda m: m[1] + "&nbsp;" * len(m[2]), spaced)
    return spaced.replace("  ", "&nbsp; ")


def _link(target: str, shown: str) -> str:
    return f'<a href="{escape(target)}" target="_blank" rel="{REL}">{escape(shown, quote=False)}</a>'


def _without_punctuation(url: str) -> str:
    """A full stop ends the sentence, not the address; so does a bracket opened before it."""
    while url[-1] in ".,;:!?'\"*_" or (
        url[-1] in ")]}" and url.count(url[-1]) > url.count(_OPENED_BY[url[-1]])
    ):
        url = url[:-1]
    return url
