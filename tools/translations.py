"""Parley's catalogues: collect what the code says, keep each language complete, compile, check.

python tools/translations.py extract | update | compile [FILE.po ...] | check
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
CODE = ROOT / "src" / "parley"
LOCALE = CODE / "locale"
LANGUAGES = ("de", "da", "sl", "sk", "bg")
DOMAIN = "django"  # the one that Django loads from LOCALE_PATHS
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural_forms}\\n"

"""
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[#0 +-]*\d*(?:\.\d+)?[a-zA-Z%]")
MARKUP = re.compile(r"</?[a-zA-Z][^>]*>|&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]+);")
EDGES = re.compile(r"\A(\s*).*?(\s*)\Z", re.DOTALL)


def template() -> Catalog:
    """Everything the code and the templates say, as babel.cfg finds it."""
    catalog = Catalog(charset="utf-8")
    with (ROOT / "babel.cfg").open() as config:
        methods, options = parse_mapping_cfg(config)
    found = extract_from_dir(CODE, methods, options, keywords=KEYWORDS, comment_tags=("Translators:",))
    for _file, _line, message, comments, context in found:
        catalog.add(message, context=context, auto_comments=comments)
    return catalog


def path_of(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def read(language: str) -> Catalog:
    """The catalogue of a language; an empty one where there is none yet."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language, charset="utf-8")


def updated(language: str, source: Catalog) -> str:
    """The text of a catalogue with exactly the messages of the source; translations are kept, never
    guessed."""
    catalog = read(language)
    catalog.update(source, no_fuzzy_matching=True)
    header = HEADER.format(
        language=language, plural_forms=Catalog(locale=language).plural_forms.removesuffix(";") + ";"
    )
    return header + _written(catalog)


def compile_file(path: Path) -> Path:
    """A .po made a .mo beside it, whole or not at all: a running process may be about to read it."""
    with path.open("rb") as file:
        catalog = read_po(file, locale=path.parts[-3], charset="utf-8")
    built = BytesIO()
    write_mo(built, catalog)
    target = path.with_suffix(".mo")
    unfinished = target.with_suffix(".mo.new")
    unfinished.write_bytes(built.getvalue())
    return unfinished.replace(target)


def problems(language: str, source: Catalog) -> Iterator[str]:
    """What keeps a language from being complete and safe to show, a sentence each."""
    catalog = read(language)
    plural_forms = Catalog(locale=language).plural_forms
    if catalog.plural_forms.rstrip(";") != plural_forms.rstrip(";"):
        yield f"{language}: the header says {catalog.plural_forms}, the language has {plural_forms}"
    keys, known = _keys(source), _keys(catalog)
    for key in sorted(keys - known, key=str):
        yield f"{language}: missing: {_shown(key)}"
    for key in sorted(known - keys, key=str):
        yield f"{language}: obsolete: {_shown(key)}"
    for message in catalog:
        if message.id:
            for wrong in _wrong_with(message, catalog.num_plurals):
                yield f"{language}: {wrong}: {_shown(_key(message))}"
    if keys == known and path_of(language).read_text() != updated(language, source):
        yield f"{language}: not as `update` writes it"


def _wrong_with(message: Message, plurals: int) -> Iterator[str]:
    forms = _forms(message.string)
    if message.fuzzy:
        yield "fuzzy"
    if not all(form.strip() for form in forms):
        yield "untranslated"
        return
    if isinstance(message.id, tuple) and len(forms) != plurals:
        yield f"{len(forms)} plural forms instead of {plurals}"
    sources = _forms(message.id)
    for number, form in enumerate(forms):
        yield from _wrong_in(form, sources, may_leave_out_number=number == 0 and len(forms) > 1)


def _wrong_in(form: str, sources: tuple[str, ...], *, may_leave_out_number: bool) -> Iterator[str]:
    """The first plural form may do without the number where English does: "in one other browser"."""
    held = sorted(PLACEHOLDER.findall(form))
    wanted = [sorted(PLACEHOLDER.findall(each)) for each in sources]
    if held not in (wanted if may_leave_out_number else wanted[-1:]):
        yield f"placeholders {' '.join(held) or 'none'}"
    if _structure(form) != _structure(sources[-1]):
        yield "other white space at the ends or other line breaks"
    if set(MARKUP.findall(form)) - set(MARKUP.findall("".join(sources))):
        yield "markup the source has not"


def _structure(text: str) -> tuple[str, str, int]:
    start, end = EDGES.match(text).groups()  # type: ignore[union-attr]
    return start, end, text.count("\n")


def _forms(text: str | Iterable[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(each or "" for each in text or ("",))


Key = tuple[str, tuple[str, ...]]


def _key(message: Message) -> Key:
    return message.context or "", _forms(message.id)


def _keys(catalog: Catalog) -> set[Key]:
    return {_key(message) for message in catalog if message.id}


def _shown(key: Key) -> str:
    context, forms = key
    return f"{forms[0]!r}" + (f" ({context})" if context else "")


def _written(catalog: Catalog) -> str:
    """Sorted, one line a message, without places and dates: a diff shows words that changed alone."""
    written = BytesIO()
    write_po(
        written,
        catalog,
        width=0,
        no_location=True,
        omit_header=True,
        sort_output=True,
        ignore_obsolete=True,
    )
    return written.getvalue().decode().strip("\n") + "\n"


def update() -> None:
    source = template()
    for language in LANGUAGES:
        path = path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(updated(language, source))


def check() -> list[str]:
    source = template()
    return [problem for language in LANGUAGES for problem in problems(language, source)]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="The catalogues of src/parley/locale.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("extract", help="print the template: all messages of the code, untranslated")
    commands.add_parser("update", help="bring every catalogue up to the code")
    commands.add_parser("compile", help="make .mo files").add_argument("files", nargs="*", type=Path)
    commands.add_parser("check", help="say what is missing or wrong; 1 when anything is")
    given = parser.parse_args(arguments)
    found: list[str] = []
    if given.command == "extract":
        sys.stdout.write(_written(template()))
    elif given.command == "update":
        update()
    elif given.command == "compile":
        for path in given.files or map(path_of, LANGUAGES):
            compile_file(path.resolve())
    else:
        found = check()
        sys.stdout.writelines(f"{problem}\n" for problem in found)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
