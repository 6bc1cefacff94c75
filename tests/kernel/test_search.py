"""Search finds the same in both databases, nothing of others, in as few statements as promised."""

from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest
from django.conf import settings
from django.db import connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from parley.desk.contacts.models import Contact
from parley.kernel import search, search_postgres
from parley.kernel.actors import SYSTEM
from parley.kernel.all_accounts import across_accounts
from parley.kernel.cells import account_scope
from parley.kernel.search import SearchEntry, SearchTerms, matching
from parley.kernel.tenancy import NoAccount, entered
from parley.kernel.tokens import MOST_TERMS, document
from tests.effects.actions import record

CELL = settings.CELLS[0]
IS_POSTGRES = "postgresql" in settings.DATABASES[CELL]["ENGINE"]
AT = datetime(2030, 1, 2, 12, 0, tzinfo=UTC)
KIND = "contact"  # any account model will do: what has no rows here is not found
DOCUMENTS = {
    "lamp": ["The broken lamp", "It does not glow. Version 2.1.5, order 12-345-678."],
    "mail": [
        "Re: e-mail",
        "From: Ada King <ada.king@mail.acme.org>, see https://shop.acme.org/cart?id=7",
    ],
    "code": ["[RWB-KLTNS-402] Lampe kaputt", "Schöne Grüße aus der Straße, Größe XL"],
    "nordic": ["Smørrebrød på Østerbro", "Łódź, Đurađ, Ærø, œuvre, naïve café"],
    "slavic": ["Прошу вернуть деньги за ёлку", "Košice, žltý kôň"],
    "japanese": ["東京都庁の電話番号", "ケースが壊れました iPhone用"],
    "korean": ["한국어 문의", "주문번호 77"],
    "hindi": ["हिन्दी में लिखें", "ภาษาไทย"],
    "other": ["lamp glow the it not does", "O'Neill pays 1,234.56 for foo_bar.baz in the U.S."],
}
QUERIES = {
    "lamp ": "lamp other",
    "LAMP": "lamp code other",  # being typed: also Lampe
    "lamp* ": "lamp code other",
    "broken lamp ": "lamp",
    '"broken lamp"': "lamp",
    '"lamp broken"': "",
    '"lamp it"': "",  # another field
    '"does not gl': "lamp",
    "glow -broken": "other",
    '-lamp -"schöne grüße" -京': "mail nordic slavic korean hindi",
    "2.1.5 ": "lamp",
    "2.1": "lamp",
    "12-345-678 ": "lamp",
    "12345678": "lamp",
    "345": "lamp",
    "ada.king@mail.acme.org ": "mail",
    "king@mail": "mail",
    "acme.org ": "mail",
    "ada ": "mail",
    "mail.acme": "mail",
    "shop.acme.org/cart ": "mail",
    "email ": "mail",
    "E-Mail ": "mail",
    "RWB-KLTNS-402": "code",
    "rwb-klt": "code",
    "kltns ": "code",
    "402 ": "code",
    "grusse strasse grosse ": "code",
    "GRÜẞE STRAẞE ": "code",
    "smorrebrod osterbro ": "nordic",
    "lodz durad aero ": "nordic",
    "łódź đurađ ærø œuvre naive cafe ": "nordic",
    "ёлку деньги ": "slavic",
    "елку ": "slavic",
    "zlty kon kosice ": "slavic",
    "東京": "japanese",
    "京都": "japanese",
    "都": "japanese",
    "号": "japanese",
    "電話番号": "japanese",
    "番電": "",
    "ケース iphone用": "japanese",
    "국어 ": "korean",
    "77 ": "korean",
    "हिन्दी ": "hindi",
    "हन्दी ": "",
    "ไทย": "hindi",
    "oneill ": "other",
    "o'neill 1,234.56 ": "other",
    "1234": "lamp other",
    "1234 ": "",
    "123456 ": "other",
    "foo_bar ": "other",
    "bar.baz ": "other",
    "us ": "other",
    "U.S. ": "other",
    "nothing-of-the-kind ": "",
    "?!": "",
    "": "",
}


@pytest.fixture
def documents(world):
    return {name: put(name, texts) for name, texts in DOCUMENTS.items()}


def put(name, texts, at=AT):
    row = Contact.objects.create(name=name)
    assert search.put(KIND, row.pk, texts, at=at)
    return row


def found(query, kind=KIND):
    names = matching(Contact.objects.all(), query, kind=kind).values_list("name", flat=True)
    return set(names)


@pytest.fixture(params=["few", "many"])
def plan(request, monkeypatch):
    """PostgreSQL looks few matches up and hashes many; the answers are the same."""
    if request.param == "many":
        if not IS_POSTGRES:
            pytest.skip("SQLite has one way")
        monkeypatch.setattr(search_postgres, "MANY", 1)


@pytest.mark.parametrize(("query", "names"), QUERIES.items())
def test_a_query_finds_these_documents(documents, plan, query, names):
    assert found(query) == set(names.split())


@given(query=st.text() | st.text("ab\"*-'\\()&|!:<>^+{}[],. \0\t¶"))
@hypothesis(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_person_types_is_a_query(documents, query):
    assert found(query) <= set(DOCUMENTS)


@given(text=st.text() | st.text("ab\"*-'\\()&|!:<>^+{}[],. \0\t¶"))
@hypothesis(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_person_writes_can_be_indexed(world, text):
    search.put(KIND, 1, [text, f"fixed {text}"], at=AT)
    assert SearchTerms.objects.filter(subject=1).count() == 1


def test_the_fullest_document_can_be_indexed_and_found(world):
    put("latin", [" ".join(f"w{n}" for n in range(30_000))])
    put("wide", [" ".join(f"{'Ж' * 59}{n}" for n in range(30_000))])
    put("again", ["ha " * 30_000 + "end"])
    assert found("w0 w19999 ") == {"latin"}
    assert found("w20000 ") == set()
    assert found('"w15998 w15999"') == {"latin"}
    assert found("Ж" * 59 + "1234 ") == {"wide"}
    assert found('"ha ha ha"') == {"again"}
    assert MOST_TERMS == 20_000


def test_what_is_put_again_replaces_what_was_said_before(world):
    row = put("one", ["old words"])
    assert search.put(KIND, row.pk, ["new words"], at=AT)
    assert (found("old "), found("new ")) == (set(), {"one"})
    assert SearchEntry.objects.count() == SearchTerms.objects.count()


def test_the_same_words_again_change_nothing_but_the_time(world):
    row = put("one", ["same words"])
    before = SearchEntry.objects.get(kind=KIND, subject=row.pk)
    later = AT + timedelta(hours=1)
    assert not search.put(KIND, row.pk, ["same words"], at=later)
    after = SearchEntry.objects.get(kind=KIND, subject=row.pk)
    assert (after.pk, after.digest, after.at) == (before.pk, before.digest, later)


def test_what_is_removed_is_not_found_and_leaves_no_words(world):
    row, terms = put("one", ["fleeting words"]), SearchTerms.objects.count()
    search.remove(KIND, row.pk)
    search.remove(KIND, row.pk)
    assert found("fleeting ") == set()
    assert SearchTerms.objects.count() == terms - 1


def test_kinds_are_apart(world):
    row = put("one", ["apart"])
    search.put("article", row.pk, ["together"], at=AT)
    assert (found("apart "), found("apart ", kind="article")) == ({"one"}, set())
    assert found("together ", kind="article") == {"one"}
    search.remove("article", row.pk)
    assert found("apart ") == {"one"}


def test_an_account_finds_nothing_of_another(world, plan):
    with account_scope(world.intruder.pk):
        theirs = put("theirs", ["kanarienvogel and lamp"])
    # A number of theirs in our account, as an import may bring it: our own words count.
    mine = Contact.objects.create(name="mine")
    search.put(KIND, mine.pk, ["lamp"], at=AT)
    assert found("kanarienvogel") == set()
    assert found("lamp") == {"mine"}
    assert found("-nothing") == {"mine"}
    with account_scope(world.intruder.pk):
        assert found("lamp") == {"theirs"}
        assert found("kanarien") == {"theirs"}
    with across_accounts("a test looks at both", cell=CELL):
        owners = SearchTerms.objects.filter(subject__in=[mine.pk, theirs.pk])
        assert set(owners.values_list("account_id", flat=True)) == {world.address.pk, world.intruder.pk}


def test_two_accounts_with_one_mark_still_do_not_meet(world, plan, monkeypatch):
    monkeypatch.setattr(search, "_mark", lambda kind: "samemark")
    with account_scope(world.intruder.pk):
        theirs = put("theirs", ["kanarienvogel lamp"])
    mine = put("mine", ["lamp"])
    assert found("lamp") == {"mine"}
    asked = matching(Contact.objects.all(), "kanarienvogel", kind=KIND)
    assert theirs.pk not in asked.values_list("pk", flat=True)
    assert mine.pk not in asked.values_list("pk", flat=True)


def test_forgetting_an_account_leaves_the_others(world):
    put("mine", ["lamp"])
    with account_scope(world.intruder.pk):
        put("theirs", ["lamp"])
    search.forget_account()
    assert (SearchEntry.objects.count(), SearchTerms.objects.count(), found("lamp")) == (0, 0, set())
    with account_scope(world.intruder.pk):
        assert found("lamp") == {"theirs"}


def test_no_account_no_search(world):
    with entered(None):
        for act in (
            lambda: search.put(KIND, 1, ["x"], at=AT),
            lambda: search.remove(KIND, 1),
            search.forget_account,
            lambda: SearchTerms.objects.exists(),
        ):
            with pytest.raises(NoAccount):
                act()


def test_the_fence_knows_the_index_tables(world):
    for table in ("kernel_searchentry", "kernel_searchterms"):
        with pytest.raises(NoAccount), connections[CELL].cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")


def test_words_are_indexed_with_their_cause_or_not_at_all(world):
    row = Contact.objects.create(name="one")
    with pytest.raises(OSError), transaction.atomic(using=CELL):
        search.put(KIND, row.pk, ["undone"], at=AT)
        raise OSError
    assert found("undone ") == set()


def page_of(size, query="lamp "):
    rows = Contact.objects.filter(language="da")
    return list(matching(rows, query, kind=KIND).order_by("-created_at", "-id")[:size])


def test_it_is_one_condition_among_others_in_a_fixed_number_of_statements(world, plan):
    moments = [AT - timedelta(minutes=n) for n in range(40)]
    for n, moment in enumerate(moments):
        row = put(f"c{n}", ["broken lamp"])
        language = "da" if n % 2 else "de"
        Contact.objects.filter(pk=row.pk).update(created_at=moment, language=language)
    for size in (3, 20):
        with CaptureQueriesContext(connections[CELL]) as asked:
            assert [row.name for row in page_of(size)] == [f"c{n}" for n in range(1, 2 * size, 2)]
        assert len(asked) == (2 if IS_POSTGRES else 1)
    rest = matching(Contact.objects.all(), "lamp ", kind=KIND).filter(created_at__lt=moments[37])
    assert [row.name for row in rest.order_by("-created_at")] == ["c38", "c39"]
    assert matching(rest, "broken -lamp", kind=KIND).count() == 0
    inner = Contact.objects.filter(pk__in=rest.values("pk"))
    assert inner.count() == 2


def ten_thousand():
    """Put in by the thousand: the plan matters here, not how they came."""
    fresh = [Contact(name=f"c{n}", created_at=AT - timedelta(minutes=n)) for n in range(10_000)]
    entries = [SearchEntry(kind=KIND, subject=row.pk, at=AT, digest="") for row in fresh]
    Contact.objects.bulk_create(fresh, batch_size=500)
    SearchEntry.objects.bulk_create(entries, batch_size=500)
    rows = []
    for n, entry in enumerate(entries):
        words = document([f"common {'rare' if n % 1000 == 7 else 'usual'} w{n}"])
        row = (entry.pk, entry.account_id, entry.subject)
        sql, params = search._dialect().insertion(row, words, search._mark(KIND))
        rows.append(params)
    head, _, places = sql.rpartition("VALUES")
    with connections[CELL].cursor() as cursor:
        for some in batched(rows, 500):
            cursor.execute(f"{head} VALUES {', '.join([places] * len(some))}", list(chain(*some)))


def batched(rows, size):
    return (rows[start : start + size] for start in range(0, len(rows), size))


def plan_of(sql, params):
    how = "EXPLAIN" if IS_POSTGRES else "EXPLAIN QUERY PLAN"
    with connections[CELL].cursor() as cursor:
        cursor.execute(f"{how} {sql}", params)
        return " ".join(str(column) for row in cursor.fetchall() for column in row)


def test_among_ten_thousand_the_index_finds(world):
    ten_thousand()
    ordered = Contact.objects.order_by("-created_at", "-id")
    rare = matching(ordered, "rare ", kind=KIND)
    assert [row.name for row in rare[:3]] == ["c7", "c1007", "c2007"]
    assert matching(ordered, "common ", kind=KIND).count() == 10_000
    assert [row.name for row in matching(ordered, "common -rare", kind=KIND)[6:8]] == ["c6", "c8"]
    if not IS_POSTGRES:
        assert "VIRTUAL TABLE INDEX 0:M" in plan_of(*rare.query.sql_with_params())
        return
    assert "kernel_search_found" in plan_of(*rare.query.sql_with_params())
    many = matching(ordered, "common ", kind=KIND)
    assert "hashed SubPlan" in plan_of(*many.query.sql_with_params())
    before = scans_of("search_terms")
    assert len(rare) == 10
    assert scans_of("search_terms") == before + 1  # the function uses GIN, behind row-level security


def scans_of(index):
    with connections[CELL].cursor() as cursor:
        cursor.execute("SELECT pg_stat_get_xact_numscans(%s::regclass)", [index])
        return cursor.fetchone()[0]


@pytest.mark.skipif(not IS_POSTGRES, reason="row-level security is PostgreSQL's")
def test_a_search_leaves_no_trace_in_the_session(documents):
    record(1, by=SYSTEM)
    assert found("lamp ") == {"lamp", "other"}
    with connections[CELL].cursor() as cursor:
        cursor.execute("SELECT current_setting('parley.found', true)")
        assert cursor.fetchone() == ("",)
    assert SearchTerms.objects.count() >= len(DOCUMENTS)
