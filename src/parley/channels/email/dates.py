"""Date fields of mail become instants, in the many forms that mailers write."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

_COMMENT = re.compile(r"\([^()]*\)")
_ISO = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T ,]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d+)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?"
)
_DAY_FIRST = re.compile(
    r"(\d{1,2})[-/. ]+([^\W\d_]{3,12})\.?[-/. ,]+(\d{2,4})[ ,]+"
    r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*([+-]\d{2}:?\d{2})?"
)
_HALF_DAY = re.compile(r"\b(\d{1,2})(:\d{2}(?::\d{2})?)\s*([AP])\.?M\b\.?", re.IGNORECASE)
_OFFSET_WITH_COLON = re.compile(r"([+-]\d{2}):(\d{2})\b")
# First letters suffice to tell the months of the languages whose mailers translate the field.
_MONTHS = (
    ("jan", "янв", "ян", "led", "gen", "ene", "sty"),
    ("feb", "fév", "fev", "фев", "úno", "lut", "fév"),
    ("mar", "mär", "maa", "мар", "bře", "mrz", "mrt"),
    ("apr", "avr", "abr", "апр", "dub", "kwi"),
    ("may", "mai", "maj", "mag", "máj", "май", "мая", "kvě", "mei"),
    ("jun", "juin", "giu", "юни", "июн", "jún", "cze", "čer"),
    ("jul", "juil", "lug", "юли", "июл", "júl", "lip"),
    ("aug", "aoû", "aou", "ago", "авг", "srp", "sie"),
    ("sep", "set", "сеп", "сен", "zář", "wrz"),
    ("oct", "okt", "out", "ott", "окт", "říj", "paź"),
    ("nov", "ное", "ноя", "lis"),
    ("dec", "dez", "déc", "dic", "дек", "pro", "gru"),
)
_EARLIEST, _LATEST = 1980, 2200


def parse_date(text: str) -> datetime | None:
    """The instant in UTC, or None where there is none to be read.

    A missing or impossible zone counts as UTC. Years outside 1980 to 2199 are mistakes, hence None.
    """
    text = " ".join(_COMMENT.sub(" ", text[:200]).split())
    text = _HALF_DAY.sub(_to_24_hours, text)
    for read in (_iso, _internet, _day_first):
        try:
            found = read(text)
        except (ValueError, OverflowError, IndexError, TypeError):
            continue
        if found and _EARLIEST <= found.year < _LATEST:
            return found
    return None


def _iso(text: str) -> datetime | None:
    matched = _ISO.search(text)
    if not matched:
        return None
    *numbers, zone = matched.groups()
    year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
    return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=_zone(zone)).astimezone(UTC)


def _internet(text: str) -> datetime | None:
    """RFC 5322 and its older forms; the standard library knows them best."""
    parts = parsedate_tz(_OFFSET_WITH_COLON.sub(r"\1\2", text))
    if parts is None:
        return None
    year, month, day, hour, minute, second = parts[:6]
    offset = parts[9] or 0
    if abs(offset) > 14 * 3600:
        offset = 0
    local = datetime(year, month, day, hour % 24, minute, min(second, 59), tzinfo=UTC)
    return local + timedelta(days=hour // 24) - timedelta(seconds=offset)


def _day_first(text: str) -> datetime | None:
    matched = _DAY_FIRST.search(text)
    if not matched:
        return None
    day, name, year, hour, minute, second, zone = matched.groups()
    month = _month(name.lower())
    full_year = int(year) + (2000 if len(year) == 2 else 0)
    return datetime(
        full_year, month, int(day), int(hour), int(minute), min(int(second or 0), 59), tzinfo=_zone(zone)
    ).astimezone(UTC)


def _month(name: str) -> int:
    for number, beginnings in enumerate(_MONTHS, start=1):
        if name.startswith(beginnings):
            return number
    raise ValueError(name)


def _zone(text: str | None) -> timezone:
    if not text or text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return UTC if minutes > 14 * 60 else timezone(sign * timedelta(minutes=minutes))


def _to_24_hours(matched: re.Match[str]) -> str:
    hour = int(matched[1]) % 12 + (12 if matched[3].lower() == "p" else 0)
    return f"{hour}{matched[2]}"
