"""Full-text search over an account's rows: put words in, narrow a queryset to the rows that have them.

The index is the database's own (FTS5 or tsvector with GIN); `tokens` decides what a word is. Every term
carries its account's and kind's mark, so that one account's terms are one stretch of the index and no
search reads, or takes longer for, the rows of another.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from types import ModuleType

from django.db import connections, models

from . import search_postgres, search_sqlite
from .numbers import IdField
from .policies import Policy
from .tenancy import AccountModel, Scoped, current_account_id, current_cell
from .tokens import document, query_terms
from .turns import writing

MARK = (
    8  # letters and digits: the same mark for two accounts costs time, shows nothing (rows are checked)
)


class SearchEntry(AccountModel):
    """That a row is in the index, as what it said when `digest` was taken."""

    kind = models.CharField(max_length=20)
    subject = models.BigIntegerField()
    at = models.DateTimeField()
    digest = models.CharField(max_length=32)

    data_policy = Policy(erased="row", exported="no", why="made from other rows")

    class Meta(AccountModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["account", "kind", "subject"], name="one_search_entry")
        ]


class SearchTerms(Scoped):
    """The words of an entry, in a table that the migration makes by hand, as each database needs it. They
    go with their entry (trigger, foreign key). Through this class fences and erasure know of them."""

    id = IdField(db_column="rowid")
    account_id = models.BigIntegerField()
    subject = models.BigIntegerField()

    data_policy = Policy(erased="row", exported="no", why="made from other rows; goes with its entry")

    class Meta(Scoped.Meta):
        db_table = "kernel_searchterms"


def put(kind: str, subject: int, text_fields: Sequence[str], *, at: datetime) -> bool:
    """Index a row of the account in scope by the words of its fields, in place of earlier ones.

    `at`: when it happened, aware. Idempotent; tells whether the words were new.
    """
    words = document(text_fields)
    digest = _digest(words.words, list(words.whole))
    with writing(current_cell()):
        mine = SearchEntry.objects.filter(kind=kind, subject=subject)
        before = mine.select_for_update().first()
        if before and before.digest == digest:
            if before.at != at:
                mine.update(at=at)
            return False
        if before:
            mine.delete()
        entry = SearchEntry.objects.create(kind=kind, subject=subject, at=at, digest=digest)
        row = (entry.pk, current_account_id(), subject)
        with connections[current_cell()].cursor() as cursor:
            cursor.execute(*_dialect().insertion(row, words, _mark(kind)))
    return True


def remove(kind: str, subject: int) -> None:
    """Forget a row. That it was never indexed is no error."""
    with writing(current_cell()):
        SearchEntry.objects.filter(kind=kind, subject=subject).delete()


def forget_account() -> None:
    """Everything that is indexed of the account in scope."""
    with writing(current_cell()):
        SearchEntry.objects.all().delete()


def matching(rows: models.QuerySet, query: str, *, kind: str) -> models.QuerySet:
    """Those of `rows` (of the model that `put` knows as `kind`) that match what a person typed.

    A condition in SQL, to be combined with any other, ordered and paged by key. Nothing matches a query
    without a word. On PostgreSQL one short statement, now, asks how common the words are.
    """
    asked = query_terms(query)
    if not asked:
        return rows.none()
    return rows.filter(_dialect().condition(asked, current_account_id(), _mark(kind)))


def _dialect() -> ModuleType:
    return search_postgres if connections[current_cell()].vendor == "postgresql" else search_sqlite


def _mark(kind: str) -> str:
    """Of fixed length, so that no mark with a term is another mark with another term."""
    number = blake2b(f"{current_account_id()}/{kind}".encode(), digest_size=8).hexdigest()
    return number[:MARK]


def _digest(words: Sequence[str], whole: Sequence[str]) -> str:
    return blake2b("\n".join([*words, "", *whole]).encode(), digest_size=16).hexdigest()
