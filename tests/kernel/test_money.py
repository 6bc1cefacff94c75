from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.kernel.money import CurrencyMismatch, Imprecise, Money, exponent, total

minors = st.integers(-(10**14), 10**14)
currencies = st.sampled_from(["EUR", "JPY", "KWD", "CLF", "LBP"])
quickly = settings(deadline=None, max_examples=60)


def eur(text):
    return Money(Decimal(text), "EUR")


@pytest.mark.parametrize(
    ("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("UYW", 4), ("LBP", 2), ("HUF", 2)]
)
def test_a_currency_has_the_decimals_of_iso_4217(currency, digits):
    assert exponent(currency) == digits


@pytest.mark.parametrize("currency", ["EURO", "eur", "", "XAU", "XXX", "ZZZ"])
def test_what_is_no_currency_is_refused(currency):
    with pytest.raises(ValueError, match="unknown currency"):
        Money(Decimal(1), currency)


@pytest.mark.parametrize("amount", [0.1, 1.0, True, "1.00", None])
def test_floats_and_other_things_are_no_amounts(amount):
    with pytest.raises(TypeError):
        Money(amount, "EUR")


@pytest.mark.parametrize(
    ("amount", "currency"), [("0.001", "EUR"), ("0.5", "JPY"), ("1E-999999", "EUR")]
)
def test_an_amount_finer_than_the_currency_is_refused(amount, currency):
    with pytest.raises(Imprecise):
        Money(Decimal(amount), currency)


@pytest.mark.parametrize(
    "amount", ["NaN", "Infinity", "-Infinity", "sNaN", "1E+999999999", "1E17", "-1E17"]
)
def test_an_amount_without_measure_is_refused(amount):
    with pytest.raises(ValueError):
        Money(Decimal(amount), "EUR")


def test_an_amount_is_kept_with_all_its_decimals():
    assert (str(eur("9.9")), str(eur("1E+2")), str(eur("-0"))) == ("9.90 EUR", "100.00 EUR", "0.00 EUR")
    assert str(Money(Decimal("5"), "JPY")) == "5 JPY"
    assert str(Money.from_minor(5, "KWD")) == "0.005 KWD"
    assert str(Money(12, "EUR")) == "12.00 EUR"


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [("1.005", "1.01"), ("1.0049999", "1.00"), ("-1.005", "-1.01"), ("2.675", "2.68"), ("0.004", "0")],
)
def test_rounding_takes_halves_away_from_zero(exact, rounded):
    assert Money.rounded(Decimal(exact), "EUR") == eur(rounded)


def test_a_product_is_rounded_once():
    assert eur("19.99").times(Decimal("0.19")) == eur("3.80")
    assert eur("10.00").times(Fraction(1, 3)) == eur("3.33")
    assert eur("10.00").times(-3) == eur("-30.00")
    with pytest.raises(TypeError):
        eur("10.00").times(0.5)


def test_an_amount_that_no_column_holds_is_refused_instead_of_rounded():
    with pytest.raises(ValueError, match="too large"):
        Money.from_minor(10**18, "EUR") + eur("0.01")


def test_a_hundred_is_split_without_losing_a_cent():
    assert eur("100").split(3) == [eur("33.34"), eur("33.33"), eur("33.33")]
    assert eur("-0.02").split(3) == [eur("-0.01"), eur("-0.01"), eur("0")]
    assert eur("0.05").split([Decimal("0.5"), 0, Decimal("0.5")]) == [eur("0.03"), eur("0"), eur("0.02")]
    assert eur("1.00").split([1, 2, 4]) == [eur("0.14"), eur("0.29"), eur("0.57")]


@pytest.mark.parametrize("parts", [0, -1, [], [0, 0], [1, -1]])
def test_a_split_needs_parts(parts):
    with pytest.raises(ValueError, match="parts"):
        eur("1").split(parts)


def test_two_currencies_do_not_meet():
    yen = Money(1, "JPY")
    for meeting in (eur("1").__add__, eur("1").__sub__, eur("1").__lt__, eur("1").__ge__):
        with pytest.raises(CurrencyMismatch):
            meeting(yen)
    assert Money(1, "EUR") != Money(1, "USD")
    with pytest.raises(CurrencyMismatch):
        total([yen], "EUR")
    with pytest.raises(TypeError):
        eur("1") + 1


def test_amounts_compare_and_count_as_true_unless_zero():
    assert eur("1") < eur("2") <= eur("2.00") < eur("10")
    assert max(eur("9"), eur("10")) == eur("10")
    assert eur("0.01") and not Money.zero("EUR") and hash(eur("1")) == hash(eur("1.00"))
    assert abs(eur("-3")) == eur("3") and -eur("3") == eur("-3")


def test_money_does_not_change():
    with pytest.raises(AttributeError):
        eur("1").amount = Decimal(2)


def test_money_is_written_as_the_reader_writes_it():
    assert eur("1234.5").format("de") == "1.234,50\xa0€"
    assert eur("-1234.5").format("en_US") == "-€1,234.50"
    assert eur("1234.5").format("pt-br") == "€\xa01.234,50"
    assert Money(1234, "JPY").format("en") == "¥1,234"
    assert Money.from_minor(1234, "KWD").format("en") == "KWD1.234"
    assert Money.from_minor(1234, "LBP").format("en") == "LBP12.34"  # CLDR would hide the 34


@quickly
@given(minors, currencies)
def test_minor_units_come_back(minor, currency):
    money = Money.from_minor(minor, currency)
    assert money.minor == minor
    assert Money(money.amount, currency) == money == Money(Decimal(str(money.amount)), currency)
    assert -money.amount.as_tuple().exponent == exponent(currency)


@quickly
@given(minors, minors, minors)
def test_adding_needs_no_order(a, b, c):
    a, b, c = (Money.from_minor(each, "EUR") for each in (a, b, c))
    assert (a + b) + c == a + (b + c) == total([c, b, a], "EUR")
    assert a - b == -(b - a) and a + b - b == a


@quickly
@given(minors, st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any))
def test_parts_add_up_and_differ_from_their_share_by_less_than_a_unit(minor, weights):
    parts = Money.from_minor(minor, "EUR").split(weights)
    assert total(parts, "EUR").minor == minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.minor - Fraction(minor * weight, sum(weights))) < 1


@quickly
@given(st.fractions(-(10**6), 10**6), currencies)
def test_rounding_errs_by_half_a_unit_at_most(amount, currency):
    rounded = Money.rounded(amount, currency)
    assert abs(rounded.minor - amount * 10 ** exponent(currency)) <= Fraction(1, 2)
