"""The one tokenizer of search: both databases find the same, because both get their terms from here.

Text is folded (case, accents, width) and cut into words. A compound (an e-mail address, a ticket code,
a dotted, hyphenated or underscored word, a number with separators) is indexed in parts, one after the
other, and whole. Scripts that put no blanks between words become overlapping pairs of characters.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise

LONGEST_TERM = 64  #: characters; a longer word is known by its beginning
MOST_TERMS = 20_000  #: of a document
MOST_PLACES = 16_000  #: words of a document that phrases can find (tsvector counts to 16,383)
MOST_REPEATS = 255  #: places of one word that phrases can find (tsvector keeps no more)
MOST_BYTES = 900_000  #: of a document's terms, with what an index adds to each (tsvector holds 1 MB)
INDEX_ADDS = 24  #: bytes to a term: the account's mark, the place
LONGEST_QUERY = 1_000  #: characters read of a query
MOST_ASKED = 32  #: words and phrases read of a query
SHORTEST_BEGINNING = 2  #: characters before the word being typed counts as the beginning of one

#: What a place is filled with that no query can ask for: between fields, and for the 256th repetition.
GAP = "¶"

#: Letters that Unicode does not take apart.
_LETTERS = "ø:o ł:l đ:d ð:d þ:th æ:ae œ:oe ħ:h ŧ:t \u0131:i ŋ:n ĸ:k ƒ:f ə:e"
_ODD = str.maketrans(
    dict(pair.split(":") for pair in _LETTERS.split())
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-")  # typographers' signs for the keyboard's
    | dict.fromkeys("\u2018\u2019\u02bc\u02b9", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"')
    | {"\u200b": " ", "\u0640": None}  # a place to break; a stroke that only widens Arabic words
)
#: Marks that make another letter: Indic and Thai vowels, nukta, kana voicing, virama.
_KEPT_CLASSES = frozenset({0, 7, 8, 9})


def _is_dropped(c: str) -> bool:
    kind = unicodedata.category(c)
    if kind in ("Mn", "Mc"):
        return unicodedata.combining(c) not in _KEPT_CLASSES or "VARIATION SELECTOR" in unicodedata.name(
            c
        )
    return kind == "Me" or (kind == "Cf" and c != "\u200b")


def _characters(kinds: tuple[str, ...]) -> Iterator[str]:
    with_marks = chain(range(0x80, 0x20000), range(0xE0000, 0xE0200))  # the planes that have any
    return (c for c in map(chr, with_marks) if unicodedata.category(c) in kinds)


_MARKS = list(_characters(("Mn", "Mc", "Me", "Cf")))
_DROPPED = dict.fromkeys(map(ord, filter(_is_dropped, _MARKS)))
_LETTER = f"(?:[^\\W_]|[{''.join(c for c in _MARKS if not _is_dropped(c) and c != chr(0x200B))}])"
#: Thai, Lao, Myanmar, Khmer, kana, Han, Hangul.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(f"{_LETTER}+(?:(?:[-._@+/:'&]|(?<=[0-9]),(?=[0-9])){_LETTER}+)*")
_PART = re.compile(f"{_LETTER}+")
_RUN = re.compile(f"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_UNSPACED_RUN = re.compile(f"[{_UNSPACED}]+")
_ASKED = re.compile(r'(?P<no>-?)(?:"(?P<phrase>[^"]*)(?P<closed>"|$)|(?P<word>[^\s"]+))')


def fold(text: str) -> str:
    """Without case, accents and compatibility forms: `ÉCOLE` and `ecole` are one. Idempotent."""
    if text.isascii():
        return text.lower()
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", bare.translate(_ODD).translate(_DROPPED))


@dataclass
class Document:
    """`words` in their places (GAP where phrases end); `whole`, terms without a place."""

    words: list[str] = field(default_factory=list)
    whole: dict[str, None] = field(default_factory=dict)
    _repeats: dict[str, int] = field(default_factory=dict)
    _size: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.words) + len(self.whole) >= MOST_TERMS or self._size >= MOST_BYTES

    def add(self, text: str) -> None:
        """One field. What does not fit any more is left out."""
        if self.words and len(self.words) < MOST_PLACES:
            self.words.append(GAP)
        for word in _WORD.finditer(fold(text)):
            parts = _PART.findall(word[0])
            for term in (t for part in parts for t in _terms_of(part)):
                if self.is_full:
                    return
                self._put(term)
            for term in _wholes(word[0], parts):
                if not self.is_full:
                    self._put_whole(term)

    def _put(self, term: str) -> None:
        seen = self._repeats[term] = self._repeats.get(term, 0) + 1
        if len(self.words) >= MOST_PLACES:
            return self._put_whole(term) if seen == 1 else None
        self._size += INDEX_ADDS + (len(term.encode()) if seen == 1 else 0)
        self.words.append(term if seen <= MOST_REPEATS else GAP)

    def _put_whole(self, term: str) -> None:
        if term not in self.whole:
            self._size += INDEX_ADDS + len(term.encode())
            self.whole[term] = None


def document(fields: Iterable[str]) -> Document:
    """What an index stores of several fields. No phrase reaches from one field into the next."""
    found = Document()
    for text in fields:
        if found.is_full:
            break
        found.add(text)
    return found


def index_terms(text: str) -> list[str]:
    """All terms of a text: words in their order, repetitions included, then the compounds whole."""
    found = document([text])
    return [*(word for word in found.words if word != GAP), *found.whole]


@dataclass(frozen=True)
class Phrase:
    """Terms one after the other. `is_beginning`: of the last only the beginning is known."""

    terms: tuple[str, ...]
    is_beginning: bool = False


#: Ways to say one word; any of them will do.
Alternatives = tuple[Phrase, ...]


@dataclass(frozen=True)
class Query:
    """All of `wanted` and none of `unwanted`. False when it asks for nothing at all."""

    wanted: tuple[Alternatives, ...] = ()
    unwanted: tuple[Alternatives, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.wanted or self.unwanted)


def query_terms(query: str) -> Query:
    """Reads what a person typed; anything at all is a query.

    Words (each must occur), "phrases", -words and -"phrases" (must not), a star for any ending. The last
    word is taken for a beginning as long as no blank follows it, since it may still be being typed.
    """
    # Folded before it is read: typographers' quotation marks and dashes count as those of the keyboard.
    text = fold(query[:LONGEST_QUERY])[:LONGEST_QUERY]
    wanted: list[Alternatives] = []
    unwanted: list[Alternatives] = []
    for found in _ASKED.finditer(text):
        excluded = bool(found["no"])
        if found["phrase"] is not None:
            asked = _asked_phrase(found["phrase"], is_open=not found["closed"] and not excluded)
        else:
            still_typed = found.end() == len(text) and not excluded
            asked = _asked_words(found["word"], still_typed=still_typed)
        (unwanted if excluded else wanted).extend(asked)
        if len(wanted) + len(unwanted) >= MOST_ASKED:
            break
    return Query(tuple(wanted[:MOST_ASKED]), tuple(unwanted[:MOST_ASKED]))


def _asked_phrase(text: str, *, is_open: bool) -> list[Alternatives]:
    parts = _PART.findall(text)
    return [(_phrase(parts, is_beginning=is_open),)] if parts else []


def _asked_words(text: str, *, still_typed: bool) -> list[Alternatives]:
    words = list(_WORD.finditer(text))
    asked = []
    for word in words:
        starred = text[word.end() : word.end() + 1] == "*"
        typed = (
            still_typed and word is words[-1] and len(_PART.findall(word[0])[-1]) >= SHORTEST_BEGINNING
        )
        asked.append(_alternatives(word[0], is_beginning=starred or typed))
    return asked


def _alternatives(word: str, *, is_beginning: bool) -> Alternatives:
    parts = _PART.findall(word)
    wholes = [Phrase((each,), is_beginning) for each in _wholes(word, parts)]
    return (_phrase(parts, is_beginning=is_beginning), *wholes)


def _phrase(parts: Sequence[str], *, is_beginning: bool) -> Phrase:
    """The terms of words in a row. The single character after the last pair is not asked for, since the
    text may go on there; a lone character may begin a pair."""
    terms = [term for part in parts for term in _terms_of(part)]
    if not _UNSPACED_RUN.fullmatch(terms[-1]):
        return Phrase(tuple(terms), is_beginning)
    lone = len(_RUN.findall(parts[-1])[-1]) == 1
    return Phrase(tuple(terms), True) if lone else Phrase(tuple(terms[:-1]))


def _terms_of(part: str) -> Iterator[str]:
    """Every character of an unspaced script begins exactly one term."""
    for run in _RUN.findall(part):
        if _UNSPACED_RUN.match(run):
            yield from (a + b for a, b in pairwise(run))
            yield run[-1]
        else:
            yield run[:LONGEST_TERM]


def _wholes(word: str, parts: Sequence[str]) -> Iterator[str]:
    """The compound as it is; and without its signs where people leave them out: e-mail, 12-345, U.S."""
    if len(parts) == 1 or len(word) > LONGEST_TERM:
        return
    yield word
    signs = set(_PART.sub("", word))
    if signs <= {"-", "'"} or all(part.isdigit() for part in parts) or all(len(p) == 1 for p in parts):
        yield "".join(parts)
