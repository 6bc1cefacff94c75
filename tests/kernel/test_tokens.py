# ruff: noqa: RUF001 — letters of many languages are what is tested
"""What a word is: the terms of texts and of queries."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.kernel import tokens
from parley.kernel.tokens import GAP, Phrase, Query, document, fold, index_terms, query_terms

TEXTS = {
    "The Lamp": ["the", "lamp"],
    "É Ø Ł Đ ð Æ Œ ß ﬁ İ ı": ["e", "o", "l", "d", "d", "ae", "oe", "ss", "fi", "i", "i"],
    "ｆｕｌｌ １２": ["full", "12"],
    "Mail ada.king@acme.org!": ["mail", "ada", "king", "acme", "org", "ada.king@acme.org"],
    "[RWB-KLTNS-402]": ["rwb", "kltns", "402", "rwb-kltns-402", "rwbkltns402"],
    "e-mail e‑mail": ["e", "mail", "e", "mail", "e-mail", "email"],
    "foo_bar.baz": ["foo", "bar", "baz", "foo_bar.baz"],
    "1,234.56": ["1", "234", "56", "1,234.56", "123456"],
    "one,two": ["one", "two"],
    "O’Neill": ["o", "neill", "o'neill", "oneill"],
    "U.S.A.": ["u", "s", "a", "u.s.a", "usa"],
    "https://acme.org/a": ["https", "acme", "org", "a", "acme.org/a"],
    "東京都": ["東京", "京都", "都"],
    "駅": ["駅"],
    "新iPhone用": ["新", "iphone", "用"],
    "カード ガード": ["カー", "ード", "ド", "ガー", "ード", "ド"],
    "ﾊﾟｿｺﾝ": ["パソ", "ソコ", "コン", "ン"],
    "한국어": ["한국", "국어", "어"],
    "हिन्दी": ["हिन्दी"],
    "ไทย": ["ไท", "ทย", "ย"],
    "مُحَمَّد كـتاب": ["محمد", "كتاب"],
    "Ёлка Й": ["елка", "и"],
    "soft\u00adhyphen zero\u200bwidth": ["softhyphen", "zero", "width"],
    "❤️ !!! — …": [],
    "": [],
}


@pytest.mark.parametrize(("text", "terms"), TEXTS.items())
def test_a_text_has_these_terms(text, terms):
    assert index_terms(text) == terms


def only(*terms, beginning=False):
    return (Phrase(terms, beginning),)


QUERIES = {
    "": Query(),
    ' * - "" -"" !! ': Query(),
    "broken lamp ": Query((only("broken"), only("lamp"))),
    "broken lam": Query((only("broken"), only("lam", beginning=True))),
    "lam* broken ": Query((only("lam", beginning=True), only("broken"))),
    "l": Query((only("l"),)),
    "l*": Query((only("l", beginning=True),)),
    '"broken lamp"': Query((only("broken", "lamp"),)),
    '"broken lam': Query((only("broken", "lam", beginning=True),)),
    "„broken lamp“ ": Query((only("broken", "lamp"),)),
    "lamp -red": Query((only("lamp"),), (only("red"),)),
    'lamp -"deep red" ': Query((only("lamp"),), (only("deep", "red"),)),
    "-red": Query((), (only("red"),)),
    "ada@acme.org ": Query(((Phrase(("ada", "acme", "org")), Phrase(("ada@acme.org",))),)),
    "ada@ac": Query(((Phrase(("ada", "ac"), True), Phrase(("ada@ac",), True)),)),
    "東": Query((only("東", beginning=True),)),
    "東京都": Query((only("東京", "京都"),)),
    "東京A駅 ": Query((only("東京", "京", "a", "駅", beginning=True),)),
}


@pytest.mark.parametrize(("query", "asked"), QUERIES.items())
def test_a_query_asks_for_these_terms(query, asked):
    assert query_terms(query) == asked


def test_a_query_without_a_word_is_false():
    assert not query_terms("?!")
    assert query_terms("-a")


@given(st.text())
@settings(deadline=None, max_examples=300)
def test_folding_again_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(st.text())
@settings(deadline=None, max_examples=300)
def test_no_term_can_end_a_string_or_a_word_of_an_index(text):
    asked = query_terms(text)
    said = [term for ways in asked.wanted + asked.unwanted for way in ways for term in way.terms]
    for term in [*index_terms(text), *said]:
        assert 0 < len(term) <= tokens.LONGEST_TERM * 2
        assert not any(c in '"\\\0¶*()' or c.isspace() or "A" <= c <= "Z" for c in term)
        assert fold(term) == term


def test_fields_are_apart_and_phrases_do_not_cross():
    assert document(["one two", "", "three"]).words == ["one", "two", GAP, GAP, "three"]


def test_a_long_word_is_known_by_its_beginning():
    assert index_terms("a" * 65) == ["a" * 64] == index_terms("a" * 3000)
    assert query_terms("a" * 70 + " ") == Query((only("a" * 64),))
    assert index_terms("b." * 40) == ["b"] * 40  # the whole would be too long


def test_a_document_holds_so_many_terms_and_no_more():
    found = document([" ".join(f"w{n}" for n in range(30_000))])
    assert (len(found.words), len(found.whole)) == (16_000, 4_000)
    assert list(found.whole)[-1] == "w19999"


def test_a_document_holds_so_many_bytes_and_no_more():
    found = document([" ".join(f"{'Ж' * 59}{n}" for n in range(30_000))])
    assert sum(len(word.encode()) + tokens.INDEX_ADDS for word in found.words) <= 900_200
    assert len(found.words) > 5_000


def test_the_places_of_a_word_are_counted_up_to_255():
    found = document(["ha " * 300 + "end"])
    assert found.words == ["ha"] * 255 + [GAP] * 45 + ["end"]


def test_a_query_is_read_up_to_1000_characters_and_32_words():
    assert len(query_terms("ab " * 300).wanted) == 32
    assert query_terms("a" * 999 + " lamp") == Query((only("a" * 64),))
