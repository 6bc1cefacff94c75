"""Search in PostgreSQL: a tsvector of pre-cut terms with a GIN index, behind row-level security.

Row-level security applies its own condition first, and `@@` is not leakproof, so that a plain
`terms @@ query` never uses the index: it reads every row of the account. Therefore the query is part of
the security itself: a restrictive policy shows of this table only what matches `parley.found`, if set;
two functions set it for as long as they look. The account's policy applies after it, as everywhere.

Few matches are listed and looked up; many are met soon on the way through the newest rows, so there each
row is asked. How many there are, up to MANY, is asked beforehand.
"""

from collections import defaultdict
from typing import Any

from django.db import connections
from django.db.models import BooleanField, F, Func, Q, Value
from django.db.models.expressions import RawSQL

from .tenancy import current_cell
from .tokens import GAP, Alternatives, Document, Phrase, Query

MANY = 4_000
INSERT = """
INSERT INTO kernel_searchterms (rowid, account_id, subject, terms) VALUES (%s, %s, %s, %s::tsvector)
"""
COUNT = (
    "SELECT count(*) FROM kernel_search_found(%s, %s, %s) AS kernel_searchterms "
    "WHERE kernel_searchterms.account_id = %s"
)
FOUND = (
    "SELECT kernel_searchterms.subject FROM kernel_search_found(%s, %s, NULL) AS kernel_searchterms "
    "WHERE kernel_searchterms.account_id = %s"
)


def insertion(row: tuple[int, int, int], words: Document, mark: str) -> tuple[str, list[Any]]:
    places: dict[str, list[str]] = defaultdict(list)
    for place, word in enumerate(words.words, 1):
        if word != GAP:
            places[word].append(str(place))
    placed = [f"{_quoted(mark, term)}:{','.join(at)}" for term, at in places.items()]
    bare = [_quoted(mark, term) for term in words.whole if term not in places]
    return INSERT, [*row, " ".join([_quoted(mark), *placed, *bare])]


def condition(query: Query, account: int, mark: str) -> Q:
    text = match(query, mark)
    with connections[current_cell()].cursor() as cursor:
        cursor.execute(COUNT, [account, text, MANY, account])
        are_many = cursor.fetchone()[0] >= MANY
    if are_many:
        each = Func(F("pk"), Value(account), Value(text), function="kernel_search_matches")
        each.output_field = BooleanField()
        return Q(each)
    return Q(pk__in=RawSQL(FOUND, [account, text, account]))


def match(query: Query, mark: str) -> str:
    """A tsquery."""
    wanted = [_any(each, mark) for each in query.wanted] or [_quoted(mark)]  # the mark is in all
    return " & ".join([*wanted, *(f"!{_any(each, mark)}" for each in query.unwanted)])


def _any(ways: Alternatives, mark: str) -> str:
    return f"({' | '.join(_phrase(each, mark) for each in ways)})"


def _phrase(phrase: Phrase, mark: str) -> str:
    terms = [_quoted(mark, term) for term in phrase.terms]
    return f"({' <-> '.join(terms)}{':*' if phrase.is_beginning else ''})"


def _quoted(mark: str, term: str = "") -> str:
    return "'" + (mark + term).replace("\\", "\\\\").replace("'", "''") + "'"
