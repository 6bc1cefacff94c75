"""Tells the new words of an answer from the history it quotes and from the signature; nothing is
lost."""

# ruff: noqa: RUF001  (letters of other scripts are the subject matter)

import re
from collections.abc import Sequence
from dataclasses import dataclass

from parley.channels.email.quote_phrases import (
    ATTRIBUTION_START,
    FORWARDED_MESSAGE,
    HAS_DATE,
    HAS_SENDER,
    LABELLED,
    ORIGINAL_MESSAGE,
    SENT_FROM,
    WROTE,
)

_QUOTED_LINE = re.compile(r"[ \t]{0,3}>")
_RULE = re.compile(r"\s*(?:[-_=*]\s?){5,}\s*")
_SIGNATURE_MARK = re.compile(r"--[ \t\xa0]?")
_FOOTER_MARK = re.compile(r"_{20,}\s*")
_LONGEST_SIGNATURE, _LONGEST_ATTRIBUTION = 20, 5
_TEXT, _BLANK, _QUOTE, _OPENING = "text", "blank", "quote", "opening"


@dataclass(frozen=True)
class Reply:
    """The three parts of an answer. Each non-blank line of the text is in exactly one of them."""

    new: str
    quoted: str
    signature: str


def split_reply(text: str) -> Reply:
    """New words, quoted history and signature of a plain text mail, by the habits of mail programs
    in many languages.

    Where somebody answers between the quotes, all is new. A mail of nothing but quotes, and what was
    forwarded, is new too: it is what the sender wants read.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start, end = quoted_range(lines)
    new, trailing = (lines[:start], lines[end:]) if start else (lines[end:], [])
    signature_start = _signature_start(new)
    signature = [*new[signature_start:], *trailing]
    return Reply(_joined(new[:signature_start]), _joined(lines[start:end]), _joined(signature))


def quoted_range(lines: Sequence[str]) -> tuple[int, int]:
    """The lines [start, end) that are quoted history: at the end, at the beginning (answer below),
    or none.

    Lines behind a range at the end are a signature or the footer of a mailing list.
    """
    kinds, limit = _kinds(lines)
    marked = [index for index in range(limit) if kinds[index] in {_QUOTE, _OPENING}]
    first = marked[0] if marked else limit
    if limit < len(
        lines
    ):  # an unmarked history runs to the end; answers between marked quotes before it stay
        start = first if not _has_text(kinds, first, limit) else limit
        return (start, len(lines)) if _has_text(kinds, 0, start) else (0, 0)
    if not marked:
        return 0, 0
    footer = _footer_start(lines, marked[-1] + 1)
    if not _has_text(kinds, first, footer):
        return (first, marked[-1] + 1) if _has_text(kinds, 0, first) else (0, 0)
    if not _has_text(kinds, 0, first) and not _has_text(kinds, first, marked[-1]):
        return 0, marked[-1] + 1
    return 0, 0


def _kinds(lines: Sequence[str]) -> tuple[list[str], int]:
    """What each line is, and where a history begins whose lines are not marked (the number of
    lines if none does)."""
    kinds = [
        _BLANK if not line.strip() else _QUOTE if _QUOTED_LINE.match(line) else _TEXT for line in lines
    ]
    index = 0
    while index < len(lines):
        if kinds[index] != _TEXT:
            index += 1
            continue
        if FORWARDED_MESSAGE.fullmatch(lines[index]):
            return [*kinds[:index], *[_TEXT] * (len(lines) - index)], len(lines)
        if ORIGINAL_MESSAGE.fullmatch(lines[index]) or _is_header_block(lines, index):
            return kinds, _before_rules(lines, index)
        end = _attribution_end(lines, kinds, index)
        if end and not _quotes_follow(kinds, end):
            return kinds, index
        kinds[index : end or index] = [_OPENING] * (end - index if end else 0)
        index = end or index + 1
    return kinds, len(lines)


def _attribution_end(lines: Sequence[str], kinds: Sequence[str], start: int) -> int:
    """Behind the "On … wrote:" that begins at `start` and may be wrapped; 0 if none begins there."""
    if len(lines[start]) > 400 or not _may_begin(lines[start]):
        return 0
    joined = ""
    for index in range(start, min(start + _LONGEST_ATTRIBUTION, len(lines))):
        if kinds[index] != _TEXT and not (kinds[index] == _QUOTE and index > start):
            return 0
        if kinds[index] == _QUOTE or len(joined) > 400:
            return 0
        joined = f"{joined} {lines[index].strip()}".strip()
        if _is_attribution(joined):
            return index + 1
    return 0


def _may_begin(line: str) -> bool:
    stripped = line.strip()
    return bool(
        ATTRIBUTION_START.match(stripped) or (stripped.endswith((":", "：")) and WROTE.search(stripped))
    )


def _is_attribution(line: str) -> bool:
    if not line.endswith((":", "：", ":*", "작성", "写道", "書きました")) or len(line) > 500:
        return False
    says_wrote, has_date = bool(WROTE.search(line)), bool(HAS_DATE.search(line))
    has_sender = bool(HAS_SENDER.search(line))
    return (says_wrote and (has_date or has_sender)) or (has_date and has_sender)


def _quotes_follow(kinds: Sequence[str], index: int) -> bool:
    while index < len(kinds) and kinds[index] == _BLANK:
        index += 1
    return index == len(kinds) or kinds[index] == _QUOTE


def _is_header_block(lines: Sequence[str], start: int) -> bool:
    """From, Sent, To, Subject of a mail below each other, in any language, as Outlook puts them."""
    first = LABELLED.match(lines[start])
    if not first or len(lines[start]) > 500:
        return False
    found: set[str] = set()
    unlabelled = 0
    for line in lines[start : start + 12]:
        matched = LABELLED.match(line[:500])
        if matched and matched.lastgroup:
            found.add(matched.lastgroup)
            unlabelled = 0
        else:
            unlabelled += 1
        if unlabelled > 2:
            break
    return "from" in found and len(found) >= 3 and bool(found & {"sent", "subject"})


def _before_rules(lines: Sequence[str], index: int) -> int:
    """Including the rule of dashes or underscores and the blank lines above."""
    start = index
    for position in range(index - 1, max(index - 5, -1), -1):
        if _RULE.fullmatch(lines[position]):
            start = position
        elif lines[position].strip():
            break
    return start


def _has_text(kinds: Sequence[str], start: int, end: int) -> bool:
    return _TEXT in kinds[start:end]


def _footer_start(lines: Sequence[str], after: int) -> int:
    """Where a signature or list footer behind the last quote begins."""
    for index in range(after, len(lines)):
        if _is_signature_start(lines, index):
            return index
    return len(lines)


def _signature_start(lines: Sequence[str]) -> int:
    """The first line of the signature, the number of lines if there is none."""
    starts = [index for index in range(len(lines)) if _is_signature_start(lines, index)]
    return next((index for index in starts if len(lines) - index <= _LONGEST_SIGNATURE + 1), len(lines))


def _is_signature_start(lines: Sequence[str], index: int) -> bool:
    line = lines[index]
    if _SIGNATURE_MARK.fullmatch(line) or _FOOTER_MARK.fullmatch(line):
        return sum(1 for later in lines[index + 1 : index + 50] if later.strip()) <= _LONGEST_SIGNATURE
    if len(line) > 150 or not SENT_FROM.fullmatch(line):
        return False
    return sum(1 for later in lines[index + 1 : index + 10] if later.strip()) <= 2


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines).strip("\n")
