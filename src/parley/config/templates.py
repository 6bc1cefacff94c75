"""What every template may use: addresses, assets, and how times, names and sizes read to the reader."""

import json
import re
import unicodedata
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, get_datetime_format
from babel.units import format_unit
from django.urls import reverse
from django.utils import timezone, translation
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from parley.kernel import clock
from parley.web.assets.icons import icon
from parley.web.assets.manifest import manifest
from parley.web.responses import kept_toasts

HUES = 8
APART = (6, 3, 8, 1, 5, 2, 7, 4)
SOON = timedelta(days=1)
THIS_WEEK_DAYS = 7
SPANS = (("hour", 3600), ("minute", 60), ("second", 1))
SIZES = (("gigabyte", 10**9), ("megabyte", 10**6), ("kilobyte", 10**3))
HTMX = json.dumps(
    {
        "allowEval": False,
        "allowScriptTags": False,
        "historyCacheSize": 0,  # no customer's words in localStorage
        "includeIndicatorStyles": False,
        "selfRequestsOnly": True,
        "timeout": 30_000,
        "responseHandling": [
            {"code": "204", "swap": False},
            {"code": "[23]..", "swap": True},
            {"code": "409|422", "swap": True, "error": True},
            {"code": "[45]..", "swap": False, "error": True},
        ],
    }
)
NUMBER_THEN_WORD = re.compile(r"(?<=\d)(?=[^\W\d_])")


def environment(**options: Any) -> Environment:
    """Jinja2 as all our pages use it: everything is escaped, nothing undefined is printed."""
    options |= {
        "autoescape": True,
        "undefined": StrictUndefined,
        "extensions": ["jinja2.ext.i18n"],
        "trim_blocks": True,
        "lstrip_blocks": True,
    }
    env = Environment(**options)
    env.policies["ext.i18n.trimmed"] = True
    env.install_gettext_callables(  # type: ignore[attr-defined]
        translation.gettext,
        translation.ngettext,
        newstyle=True,
        pgettext=translation.pgettext,
        npgettext=translation.npgettext,
    )
    env.globals |= {
        "asset": lambda name: manifest().url(name),
        "direction": lambda: "rtl" if translation.get_language_bidi() else "ltr",
        "htmx_config": HTMX,
        "icon": icon,
        "kept_toasts": kept_toasts,
        "language": lambda: translation.get_language() or "en",
        "now": clock.now,
        "timezone": timezone.get_current_timezone_name,
        "url": _url,
    }
    env.filters |= {each.__name__: each for each in FILTERS}
    return env


def ago(value: datetime) -> str:
    """How long ago, as short as can be: 40 s, 3 m, 2 h, then the weekday, then the day."""
    local, now = _local(value), _local(clock.now())
    passed = now - local
    if passed < timedelta(minutes=-1):  # what is still to come is no "ago"
        return when(value)
    if passed < SOON:
        return _span(max(0, int(passed.total_seconds())))
    if (now.date() - local.date()).days < THIS_WEEK_DAYS:
        return _skeleton("EEE", local)
    return _skeleton("MMMd" if local.year == now.year else "yMMMd", local)


def when(value: datetime) -> str:
    """The whole of it: Thursday, 12 November 2026, 10:02."""
    local, locale = _local(value), _locale()
    day, time = format_date(local, "full", locale), clock_time(value)
    return str(get_datetime_format("medium", locale)).replace("{1}", day).replace("{0}", time)


def clock_time(value: datetime) -> str:
    """The time of day: 10:02."""
    return format_time(_local(value), "short", locale=_locale())


def day(value: datetime) -> str:
    """The day, as a heading between messages: Friday 20 November, the year unless it is this one."""
    local, locale = _local(value), _locale()
    if local.year == _local(clock.now()).year and "MMMMEEEEd" in locale.datetime_skeletons:
        return _skeleton("MMMMEEEEd", local)
    return format_date(local, "full", locale)


def initials(name: str) -> str:
    """One or two letters for an avatar: Jürgen Großmann-Hülsenbeck is JG, mette@olco.example is M."""
    text = unicodedata.normalize("NFC", name).split("@")[0]
    letters = [letter for word in text.split() if (letter := next(filter(str.isalnum, word), ""))]
    ends = letters[:1] + (
        letters[-1:] if len(letters) > 1 and letters[0].upper() != letters[0].lower() else []
    )
    return "".join(letter.upper()[:1] for letter in ends) or "?"


def hue(value: object) -> int:
    """One of the eight hues, always the same for the same thing: .hue-1 to .hue-8. A number is a place in
    a row: neighbours differ."""
    if isinstance(value, int):
        return APART[value % HUES]
    return zlib.crc32(str(value).encode()) % HUES + 1


def bytes_size(count: int) -> str:
    """A size in decimal units (IEC 80000-13): 812 bytes, 4.7 kB, 184 kB."""
    for unit, size in SIZES:
        if count >= size:
            digits = "#,##0.#" if count < 10 * size else "#,##0"
            return _unit(count / size, f"digital-{unit}", ("short", "long"), digits)
    return _unit(count, "digital-byte", ("long", "short"))


def number(value: int) -> str:
    """A count with the reader's separators."""
    return _locale().decimal_formats[None].apply(value, _locale())


def filled(sentence: str, names: Mapping[str, str]) -> Markup:
    """A sentence with its named holes filled, each name set off; both are escaped."""
    return Markup(escape(sentence)) % {
        hole: Markup("<b><bdi>{}</bdi></b>").format(name) for hole, name in names.items()
    }


def _url(name: str, *args: object, **kwargs: object) -> str:
    """The address of a view. Raises NoReverseMatch at render, not a dead link."""
    return reverse(name, args=args or None, kwargs=kwargs or None)


def _span(seconds: int) -> str:
    unit, size = next((each for each in SPANS if seconds >= each[1]), SPANS[-1])
    return _unit(seconds // size, f"duration-{unit}", ("narrow", "short", "long"))


def _unit(count: float, unit: str, lengths: tuple[str, ...], digits: str = "#,##0") -> str:
    """With the first name that the locale data have; where they have none, babel answers the key."""
    said = (format_unit(count, unit, length, digits, _locale()) for length in lengths)  # type: ignore[arg-type]
    text = next(
        (each for each in said if unit not in each), f"{count:.0f} {unit.partition('-')[2][0].upper()}"
    )
    return NUMBER_THEN_WORD.sub("\N{NO-BREAK SPACE}", text)


def _skeleton(skeleton: str, local: datetime) -> str:
    return format_skeleton(skeleton, local, tzinfo=local.tzinfo, locale=_locale())


def _local(value: datetime) -> datetime:
    if timezone.is_naive(value):
        raise ValueError("a time without a zone cannot be shown")
    return timezone.localtime(value)


def _locale() -> Locale:
    return _locale_of(translation.get_language() or "en")


@lru_cache(maxsize=100)
def _locale_of(language: str) -> Locale:
    """Plain English is written as most of the world writes it: day before month, 24 hours."""
    if language == "en":
        return Locale.parse("en_GB")
    try:
        return Locale.parse(translation.to_locale(language))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")


FILTERS = (ago, bytes_size, clock_time, day, filled, hue, initials, number, when)
