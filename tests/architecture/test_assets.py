"""Rules about styles, scripts and templates that no linter here keeps."""

import hashlib
import re
from pathlib import Path

import pytest

from parley.web.assets.manifest import manifest

WEB = Path(__file__).parents[2] / "src" / "parley" / "web"
ASSETS = WEB / "assets"
STYLES = sorted((ASSETS / "css").glob("*.css"))
SCRIPTS = sorted((ASSETS / "js").rglob("*.js"))
TEMPLATES = sorted(WEB.rglob("*.html"))
PARTIALS = [path for path in TEMPLATES if path.name.startswith("_")]
MACROS = [path for path in TEMPLATES if "{% macro" in path.read_text()]

COMMENT = re.compile(r"/\*.*?\*/|\{#.*?#\}", re.DOTALL)
DECLARED = re.compile(r"(--[\w-]+)\s*:")
USED = re.compile(r"var\(\s*(--[\w-]+)\s*(,?)")
NAMED = "white black red green blue yellow orange gray grey silver navy purple pink brown teal"
COLOUR = re.compile(
    r"#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab)\(|\boklch\((?!var\(--)"
    rf"|:\s[^;{{]*\b(?:{NAMED.replace(' ', '|')})\b(?=[\s;,)])",
    re.IGNORECASE,
)
PHYSICAL = re.compile(
    r"(?:^|[{;\s])((?:margin|padding|border|inset|scroll-margin|scroll-padding)-(?:left|right|top|bottom)"
    r"|border-(?:top|bottom)-(?:left|right)-radius|left|right|top|bottom|(?:min-|max-)?(?:width|height))\s*:"
    r"|(?:text-align|float|clear)\s*:\s*(?:left|right)"
)
QUERY = re.compile(r"@(?:media|container)[^{]*")
EVALUATED = re.compile(r"\beval\(|new Function\(|\.innerHTML\b|insertAdjacentHTML|document\.write")
INLINE = re.compile(
    r"<style\b|\sstyle\s*=|<script(?![^>]*\ssrc=)|\s(?:on[a-z]+|hx-on[\w:-]*)\s*=|javascript:", re.I
)
OTHER_HOST = re.compile(r"""(?:src|href)\s*=\s*["']\s*(?:https?:)?//""", re.I)
ICON = re.compile(r"""\bicon\(\s*["']([^"']+)["']""")
FIRST_TAG = re.compile(r"<\w[\w-]*\b[^>]*")
SHIPPED = re.compile(r"\| `((?:vendor|fonts)/[\w.-]+)`.*?`([0-9a-f]{64})`")


def per_file(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.relative_to(WEB)))


def code(path):
    return COMMENT.sub("", path.read_text())


def declared_anywhere():
    return {name for path in STYLES for name in DECLARED.findall(code(path))}


def test_there_is_something_to_look_at():
    assert len(STYLES) > 40 and len(SCRIPTS) > 10 and len(TEMPLATES) > 10 and PARTIALS and MACROS


@per_file(STYLES)
def test_a_style_sheet_uses_only_tokens_that_exist(path):
    known = declared_anywhere()
    unknown = {name for name, fallback in USED.findall(code(path)) if not fallback and name not in known}
    assert unknown == set()


@per_file([path for path in STYLES if path.name != "tokens.css"])
def test_colours_are_named_in_one_file_only(path):
    assert COLOUR.findall(code(path)) == []


@per_file(STYLES)
def test_directions_are_those_of_the_text(path):
    assert PHYSICAL.findall(QUERY.sub("", code(path))) == []


@per_file(STYLES)
def test_a_style_sheet_is_small_layered_and_without_force(path):
    text = code(path)
    assert text.count("\n") <= 300
    assert re.match(r"\s*@layer \w+", text)
    assert "!important" not in text or path.name == "utilities.css"
    assert re.search(r"(?:^|[\s,>+~])#[\w-]+[^;{}]*\{", text) is None, "an id as a selector"


STANDALONE = {"app.css", "mail-frame.css"}  # the second is for the frames of customers' mail


def test_every_style_sheet_is_part_of_the_page():
    imported = set(re.findall(r'@import url\("([^"]+)"\)', (ASSETS / "css" / "app.css").read_text()))
    assert imported == {path.name for path in STYLES} - STANDALONE


@per_file(SCRIPTS)
def test_a_script_is_small_says_what_it_is_for_and_makes_no_code_of_text(path):
    text = path.read_text()
    assert text.count("\n") <= 100
    assert text.startswith("// ")
    assert EVALUATED.findall(text) == []


@per_file(TEMPLATES)
def test_a_template_is_small(path):
    assert path.read_text().count("\n") <= 80


@per_file(TEMPLATES)
def test_a_template_has_nothing_inline_and_nothing_from_elsewhere(path):
    text = code(path)
    assert [found.strip() for found in INLINE.findall(text)] == []
    assert OTHER_HOST.findall(text) == []
    assert "|safe" not in re.sub(r"\s", "", text)


@per_file(TEMPLATES)
def test_a_template_names_only_icons_that_exist(path):
    assert set(ICON.findall(code(path))) - manifest().icons == set()


@per_file(PARTIALS)
def test_the_root_of_a_partial_has_its_name_as_id(path):
    name = re.escape(path.stem.removeprefix("_"))
    root = FIRST_TAG.search(code(path))
    assert root and re.search(rf'\sid="{name}(?:-\{{\{{[^"]+\}}\}}[^"]*)?"', root[0]), root


def test_what_is_shipped_for_others_is_as_they_made_it():
    rows = dict(SHIPPED.findall((ASSETS / "README.md").read_text()))
    files = {*(ASSETS / "vendor").glob("*.js"), *(ASSETS / "fonts").glob("*.woff2")}
    assert set(rows) == {path.relative_to(ASSETS).as_posix() for path in files}
    for name, digest in rows.items():
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        (COLOUR, "color: #fff;"),
        (COLOUR, "border: 1px solid red;"),
        (COLOUR, "color: oklch(0.5 0.1 20);"),
        (PHYSICAL, "{ margin-left: 1rem;"),
        (PHYSICAL, "text-align: right"),
        (PHYSICAL, " width: 3rem"),
        (INLINE, '<p style="x">'),
        (INLINE, "<script>x"),
        (INLINE, '<a onclick="x">'),
        (INLINE, '<a hx-on:click="x">'),
        (OTHER_HOST, '<script src="//cdn.example/x.js">'),
        (EVALUATED, "x.innerHTML = y"),
    ],
)
def test_each_rule_would_notice(rule, bad):
    assert rule.search(bad)


@pytest.mark.parametrize(
    ("rule", "good"),
    [
        (COLOUR, "color: var(--ink); background: oklch(var(--tint-l) 0.1 var(--hue));"),
        (COLOUR, "white-space: nowrap;"),
        (PHYSICAL, "margin-inline-start: 1rem; inline-size: 3rem; line-height: 1; stroke-width: 2;"),
        (INLINE, '<script src="{{ asset("js/app.js") }}" type="module"></script>'),
    ],
)
def test_no_rule_cries_wolf(rule, good):
    assert not rule.search(good)
