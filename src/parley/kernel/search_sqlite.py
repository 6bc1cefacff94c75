"""Search in SQLite: an FTS5 table of pre-cut terms.

Its tokenizer (`ascii`, with every sign a compound may contain as part of a word) cuts at blanks only:
terms come folded from `tokens`. The rows that match are listed once per statement (`IN`). Asking
for each row whether it matches (`EXISTS`) begins the search anew each time, a thousand times slower.
"""

from typing import Any

from django.db.models import Q
from django.db.models.expressions import RawSQL

from .tokens import Alternatives, Document, Phrase, Query

INSERT = """
INSERT INTO kernel_searchterms (rowid, account_id, subject, words, whole) VALUES (%s, %s, %s, %s, %s)
"""
# The subject is read from the entry: a row of the FTS table holds all its words, an entry a line.
FOUND = """
SELECT kernel_searchentry.subject FROM kernel_searchterms
CROSS JOIN kernel_searchentry ON kernel_searchentry.id = kernel_searchterms.rowid
WHERE kernel_searchterms MATCH %s AND kernel_searchentry.account_id = %s
"""


def insertion(row: tuple[int, int, int], words: Document, mark: str) -> tuple[str, list[Any]]:
    placed = " ".join(mark + word for word in words.words)
    return INSERT, [*row, placed, " ".join([mark, *(mark + term for term in words.whole)])]


def condition(query: Query, account: int, mark: str) -> Q:
    return Q(pk__in=RawSQL(FOUND, [match(query, mark), account]))


def match(query: Query, mark: str) -> str:
    """An FTS5 expression. Terms have no quotation marks, so nothing in them can end a string."""
    wanted = " AND ".join(_any(each, mark) for each in query.wanted) or f'"{mark}"'  # the mark is in all
    if not query.unwanted:
        return wanted
    return f"({wanted}) NOT ({' OR '.join(_any(each, mark) for each in query.unwanted)})"


def _any(ways: Alternatives, mark: str) -> str:
    return f"({' OR '.join(_phrase(each, mark) for each in ways)})"


def _phrase(phrase: Phrase, mark: str) -> str:
    where = "words : " if len(phrase.terms) > 1 else ""  # the whole ones stand in no order
    quoted = " ".join(mark + term for term in phrase.terms)
    return f'{where}"{quoted}"{" *" if phrase.is_beginning else ""}'
