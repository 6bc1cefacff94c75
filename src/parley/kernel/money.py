"""Money is exact: an amount in a currency's own smallest unit, rounded only where someone says so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache, total_ordering

from babel import Locale
from babel.numbers import NumberPattern, list_currencies

Factor = Decimal | int | Fraction

_MINOR_UNITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
#: ISO 4217 minor units where they are not 2. Not CLDR's digits: those say what is usual to display
#: (none for LBP or IQD), an invoice needs what can be owed.
_EXPONENTS = {code: digits for digits, codes in _MINOR_UNITS.items() for code in codes.split()}
#: Codes of ISO 4217 without a minor unit: metals, baskets, tests.
_NO_MONEY = {"XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"}
_MOST_MINOR = 10**18  # a signed 64-bit column holds it


class CurrencyMismatch(TypeError):
    """Amounts of two currencies were added, subtracted or compared."""


class Imprecise(ValueError):
    """The amount is finer than the currency's smallest unit, and nobody asked for rounding."""


def exponent(currency: str) -> int:
    """How many decimals a currency has (ISO 4217: EUR 2, JPY 0, KWD 3). ValueError when unknown."""
    if currency not in _currencies():
        raise ValueError(f"unknown currency {currency!r}")
    return _EXPONENTS.get(currency, 2)


@total_ordering
@dataclass(frozen=True)
class Money:
    """`Money(Decimal("9.90"), "EUR")`: exact, signed, at most 10¹⁸ of the smallest unit.

    TypeError for a float, Imprecise for more decimals than the currency has, ValueError for what is
    no finite number or too large. Equal means same amount and same currency.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        minor = _exact(self.amount) * 10 ** exponent(self.currency)
        if minor.denominator != 1:
            raise Imprecise(f"{self.amount} is finer than {self.currency} allows")
        object.__setattr__(self, "amount", _decimal(int(minor), self.currency))

    @classmethod
    def from_minor(cls, minor: int, currency: str) -> "Money":
        """From whole cents, yen, fils."""
        if type(minor) is not int:
            raise TypeError(f"minor units are whole, not {minor!r}")
        return cls(_decimal(minor, currency), currency)

    @classmethod
    def rounded(cls, amount: Factor, currency: str) -> "Money":
        """To the currency's smallest unit, halves away from zero (commercial, ROUND_HALF_UP)."""
        return cls.from_minor(_half_up(_exact(amount) * 10 ** exponent(currency)), currency)

    @classmethod
    def zero(cls, currency: str) -> "Money":
        return cls.from_minor(0, currency)

    @property
    def minor(self) -> int:
        """The amount in the smallest unit: 9.90 EUR is 990."""
        return int(_exact(self.amount) * 10 ** exponent(self.currency))

    def __add__(self, other: "Money") -> "Money":
        return Money.from_minor(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money.from_minor(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> "Money":
        return Money.from_minor(-self.minor, self.currency)

    def __abs__(self) -> "Money":
        return Money.from_minor(abs(self.minor), self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other).minor

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"

    def times(self, factor: Factor) -> "Money":
        """Multiplied, rounded as `rounded` does. A rate is a Decimal or a Fraction, never a float."""
        return Money.from_minor(_half_up(self.minor * _exact(factor)), self.currency)

    def split(self, parts: int | Sequence[Factor]) -> list["Money"]:
        """Equal parts, or by weights; they always add up to the whole.

        Largest remainder: what is left over goes, one smallest unit each, to the parts that lost most
        by rounding down, the earlier first. ValueError without a part or a positive weight.
        """
        weights = [Fraction(1)] * parts if isinstance(parts, int) else [_exact(each) for each in parts]
        if not weights or min(weights) < 0 or not sum(weights):
            raise ValueError("split() needs parts with weights of zero or more, not all zero")
        whole, sign = abs(self.minor), -1 if self.minor < 0 else 1
        shares = [whole * weight / sum(weights) for weight in weights]
        floors = [int(share) for share in shares]
        losers = sorted(range(len(shares)), key=lambda n: floors[n] - shares[n])
        for n in losers[: whole - sum(floors)]:
            floors[n] += 1
        return [Money.from_minor(sign * each, self.currency) for each in floors]

    def format(self, locale: str) -> str:
        """As that locale writes it ("de", "pt-br", "en_GB"), with the currency's own decimals."""
        own = Locale.parse(locale.replace("-", "_"))
        usual = own.currency_formats["standard"]
        digits = exponent(self.currency)
        pattern = NumberPattern(
            usual.pattern, usual.prefix, usual.suffix, usual.grouping,
            usual.int_prec, (digits, digits), usual.exp_prec, usual.exp_plus, usual.number_pattern,
        )  # fmt: skip
        return pattern.apply(self.amount, own, currency=self.currency, currency_digits=False)

    def _same(self, other: "Money") -> "Money":
        if not isinstance(other, Money):
            raise TypeError(f"{other!r} is not Money")
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")
        return other


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum, in a currency that must be named because there may be nothing to add."""
    result = Money.zero(currency)
    for each in amounts:
        result += each
    return result


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies()) - _NO_MONEY


def _exact(number: Factor) -> Fraction:
    if isinstance(number, bool) or not isinstance(number, Decimal | int | Fraction):
        raise TypeError(f"money is Decimal, int or Fraction, not {number!r}")
    if isinstance(number, Decimal):
        if not number.is_finite():
            raise ValueError(f"{number} is no amount")
        # The bounds keep "1E+999999999" from becoming an integer of a gigabyte.
        if (number and not -60 <= number.adjusted() <= 20) or len(number.as_tuple().digits) > 100:
            raise Imprecise(f"{number} is out of range")
    return Fraction(number) if number else Fraction(0)


def _half_up(number: Fraction) -> int:
    whole = int(abs(number) + Fraction(1, 2))
    return -whole if number < 0 else whole


def _decimal(minor: int, currency: str) -> Decimal:
    if abs(minor) > _MOST_MINOR:
        raise ValueError(f"{minor} is too large an amount")
    digits = tuple(int(digit) for digit in str(abs(minor)))
    return Decimal((int(minor < 0), digits, -exponent(currency)))
