"""Search in PostgreSQL: a tsvector of pre-cut terms with a GIN index, behind row-level security.

Row-level security applies its own condition first, and `@@` is not leakproof, so that a plain
`terms @@ query` never uses the index: it reads every row of the account. Therefore the query is part of
the security itself: a restrictive policy shows of this table only what matches `parley.found`, if set;
a function sets it for as long as it looks. The account's policy applies after it, as everywhere.

The planner knows nothing of how common the words are. So that is asked beforehand, up to MANY: few rows
are looked up by key, many are hashed and met on the way through the newest. Either way the time is
bounded by the number of matches; asking each row would be quick for the common word and slow for the
word that was common years ago.
"""

from collections import defaultdict
from typing import Any

from django.db import connections
from django.db.models import BooleanField, F, Func, Q
from django.db.models.expressions import RawSQL

from .tenancy import current_cell
from .tokens import GAP, Alternatives, Document, Phrase, Query

MANY = 5_000
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
    found = RawSQL(FOUND, [account, text, account])
    with connections[current_cell()].cursor() as cursor:
        cursor.execute(COUNT, [account, text, MANY, account])
        if cursor.fetchone()[0] < MANY:
            return Q(pk__in=found)
    # IS TRUE keeps the planner from making a join of it, which it would do row by row.
    hashed = Func(F("pk"), found, arg_joiner=" IN ", template="((%(expressions)s) IS TRUE)")
    hashed.output_field = BooleanField()
    return Q(hashed)


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
