"""Tells the new part of an HTML answer from the history it quotes, by the marks of mail programs
and by their words."""

import re
from collections.abc import Iterator
from copy import deepcopy
from html import escape
from itertools import islice
from typing import Literal, NamedTuple

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring, tostring

from parley.channels.email.quote_phrases import FORWARDED_MESSAGE
from parley.channels.email.quotes import quoted_range

_BLOCKS = {
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
}
_BLOCKS |= {
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "li",
    "main",
}
_BLOCKS |= {
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
}
_UNSEEN = {"head", "script", "style", "title", "template", "noscript"}
_SHOWN = {"img", "video", "audio", "svg", "object", "input", "button"}
# Elements that hold a quote, and elements behind which everything is history.
_QUOTE_CLASSES = re.compile(
    r"(?:^|\s)(?:gmail_quote|gmail_quote_container|parley-quote|yahoo_quoted|moz-cite-prefix|protonmail_quote|tutanota_quote"
    r"|zmail_extra|zm_extra|ecxgmail_quote|x_gmail_quote|freebirdQuote|quoted-message|mail-quote)(?:\s|$)"
)
_HISTORY_IDS = re.compile(
    r"(?:x_)*(?:divRplyFwdMsg|appendonsend|stopSpelling|zwchr|mail-editor-reference-message-container"
    r"|OLK_SRC_BODY_SECTION|isForwardContent|replySplit|reply-intro|divTaggedContent)"
)
_NOT_A_QUOTE = re.compile(
    r"border\s*:\s*(?:none|0)|margin\s*:\s*0(?:px)?\s+0(?:px)?\s+0(?:px)?\s+40px", re.IGNORECASE
)
_BLANKS = re.compile(r"\s+")
_HISTORY_LINE = "-----Original Message-----"
_LONGEST = 5_000_000


class _Place(NamedTuple):
    """Where the tree can be cut: before an element, at the start of its text, or at the start of
    its tail."""

    element: HtmlElement
    where: Literal["before", "text", "tail"]


class _Line(NamedTuple):
    """What is shown on one line, and where it begins."""

    text: str = ""
    place: _Place | None = None


def split_reply_html(html: str) -> tuple[str, str]:
    """(new, quoted): two fragments that together show all that the document shows; neither is made safe.

    Without a quote, or where somebody answers between quotes, the whole is new and quoted is "".
    What follows the quote, as the footer of a mailing list, goes with it.
    """
    root = _read(html)
    if root is None:
        return html, ""
    lines = list(_lines(root))
    start, end = quoted_range([line.text for line in lines])
    cut = start or end
    place = next((line.place for line in lines[cut:] if line.place), None) if cut else None
    if place is None:
        return html, ""
    before, after = _halves(root, _raised(place))
    return (before, after) if start else (after, before)


def _read(html: str) -> HtmlElement | None:
    """The document, or None for nothing, too much, or what the parser would cut."""
    if not html.strip() or len(html) > _LONGEST:
        return None
    parser = HTMLParser(encoding="utf-8", huge_tree=True, remove_pis=True)
    try:
        root = document_fromstring(html.encode("utf-8", "replace").replace(b"\x00", b""), parser=parser)
    except (etree.LxmlError, ValueError):
        return None
    too_deep = any("depth" in entry.message for entry in parser.error_log)
    return None if too_deep or root.find("body") is None else root


def _lines(root: HtmlElement) -> Iterator[_Line]:
    """The lines as a reader sees them; those within quotes begin with ">", histories with a line
    of their own."""
    line, depth, unseen = _Line(), 0, 0
    quotes: list[HtmlElement] = []
    for event, element in etree.iterwalk(root, events=("start", "end", "comment")):
        tag = element.tag if isinstance(element.tag, str) else ""
        breaks = tag in _BLOCKS or (tag == "br" and event == "start")
        if breaks:
            yield line
            line = _Line()
        step = {"start": 1, "end": -1}.get(event, 0)
        unseen += step * (tag in _UNSEEN)
        if event == "start" and _opens_history(element):
            yield _Line(_HISTORY_LINE, _Place(element, "before"))
        if event == "start" and _is_quote(element):
            quotes.append(element)
        elif event == "end" and quotes and quotes[-1] is element:
            quotes.pop()
        depth = len(quotes)
        if not unseen:
            line = _read_on(line, event, element, depth)
    yield line


def _read_on(line: _Line, event: str, element: HtmlElement, depth: int) -> _Line:
    if event != "start":
        return _added(line, element.tail, _Place(element, "tail"), depth)
    if element.tag in _SHOWN:
        line = _added(line, "[shown]", _Place(element, "before"), depth)
    return _added(line, element.text, _Place(element, "text"), depth)


def _added(line: _Line, text: str | None, place: _Place, depth: int) -> _Line:
    """The line with more text; its first visible text says where it begins."""
    if not text:
        return line
    text = _BLANKS.sub(" ", text)
    if line.text:
        return _Line(line.text + text, line.place)
    return _Line(("> " if depth else "") + text.lstrip(" "), place) if text != " " else line


def _opens_history(element: HtmlElement) -> bool:
    return bool(_HISTORY_IDS.fullmatch(element.get("id") or "")) or "OutlookMessageHeader" in (
        element.get("class") or ""
    )


def _is_quote(element: HtmlElement) -> bool:
    classes = element.get("class") or ""
    if element.get("data-parley") is not None or _QUOTE_CLASSES.search(classes):
        beginning = (piece.strip() for piece in islice(element.itertext(), 10))
        return not any(FORWARDED_MESSAGE.fullmatch(piece[:200]) for piece in beginning if piece)
    if element.tag != "blockquote":
        return False
    return element.get("type") == "cite" or not _NOT_A_QUOTE.search(element.get("style") or "")


def _raised(place: _Place) -> _Place:
    """The same cut outside of elements that begin with it, so that no empty shells stay behind."""
    element, where = place
    while where != "tail":
        if where == "before":
            parent = element.getparent()
            if element.getprevious() is not None or (parent.text or "").strip():
                break
            element = parent
        if element.tag in {"body", "html"}:
            return _Place(element, "text")
        where = "before"
    return _Place(element, where)


def _halves(root: HtmlElement, place: _Place) -> tuple[str, str]:
    """The document before and from the place on; both keep the elements that surround it."""
    mark = _marked(root, place)
    path = []
    node = mark
    while node is not root:
        path.append(node.getparent().index(node))
        node = node.getparent()
    other = deepcopy(root)
    other_mark = other
    for position in reversed(path):
        other_mark = other_mark[position]
    _drop(root, mark, preceding=False)
    _drop(other, other_mark, preceding=True)
    return _fragment(root), _fragment(other)


def _marked(root: HtmlElement, place: _Place) -> HtmlElement:
    """An empty element put at the place."""
    mark = root.makeelement("span")
    element = place.element
    if place.where == "text":
        mark.tail, element.text = element.text, None
        element.insert(0, mark)
        return mark
    parent = element.getparent()
    position = parent.index(element)
    if place.where == "tail":
        mark.tail, element.tail = element.tail, None
        position += 1
    parent.insert(position, mark)
    return mark


def _drop(root: HtmlElement, mark: HtmlElement, *, preceding: bool) -> None:
    """Remove all before the mark, or all after it, and the mark itself."""
    node = mark
    while node is not root:
        parent = node.getparent()
        for sibling in list(node.itersiblings(preceding=preceding)):
            parent.remove(sibling)
        if preceding:
            parent.text = None
        else:
            node.tail = None
        node = parent
    mark.drop_tag()


def _fragment(root: HtmlElement) -> str:
    body = root.find("body")
    whole = root if body is None else body
    return escape(whole.text or "", quote=False) + "".join(
        tostring(child, encoding="unicode") for child in whole
    )
