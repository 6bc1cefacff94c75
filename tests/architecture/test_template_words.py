"""Templates have no words of their own: what people read goes through gettext."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import nodes

from parley.config.templates import environment

WEB = Path(__file__).parents[2] / "src" / "parley" / "web"
TEMPLATES = sorted(WEB.rglob("*.html"))
per_template = pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(WEB)))
#: Names that are the same in every language, and attributes that a block adds to a tag.
NAMES = {"Parley", "Message-ID", "In-Reply-To", "References", "X-CSRFToken", "hidden"}
LITERAL = {"script", "style", "kbd", "pre", "code"}
SHOWN = {"alt", "aria-label", "aria-description", "placeholder", "title", "label", "summary"}
IN_A_TAG = re.compile(
    r"{%-?\s*block (\w*(?:attributes|class)|layout|page)\s*-?%}.*?{%-?\s*endblock\s*-?%}"
    r"|{%-?\s*macro attributes\(.*?{%-?\s*endmacro\s*-?%}",
    re.DOTALL,
)
CODE = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
WORDS = re.compile(r"[^\W\d_]+(?: [^\W\d_]+)+|[A-Z][^\W\d_]{2,}")


class Shown(HTMLParser):
    """The words of a page that are in the page itself."""

    def __init__(self):
        super().__init__()
        self.words, self.inside = [], []

    def handle_starttag(self, tag, attrs):
        if tag in LITERAL:
            self.inside.append(tag)
        self.words += [value for name, value in attrs if name in SHOWN and value]

    def handle_endtag(self, tag):
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data):
        if not self.inside:
            self.words.append(data)


def literal(source):
    """What the template says to a reader past gettext."""
    page = Shown()
    page.feed(CODE.sub("", IN_A_TAG.sub("", source)))
    page.close()
    said = [word for text in page.words for word in text.split() if not word.startswith("/")]
    return [word for word in said if re.search(r"[^\W\d_]", word) and word not in NAMES]


def spoken(source):
    """Strings of expressions that look like words and are given to no gettext function."""
    env = environment()
    translated = {"_", "gettext", "ngettext", "pgettext", "npgettext"}

    def walk(node):
        if isinstance(node, nodes.Call) and getattr(node.node, "name", "") in translated:
            return
        if isinstance(node, nodes.Const) and isinstance(node.value, str):
            yield node.value
        for child in node.iter_child_nodes():
            yield from walk(child)

    return [text for text in walk(env.parse(source)) if WORDS.search(text) and text not in NAMES]


@per_template
def test_a_template_has_no_words_of_its_own(path):
    assert literal(path.read_text()) == []


@per_template
def test_an_expression_has_no_words_of_its_own(path):
    assert spoken(path.read_text()) == []


def test_the_search_for_words_finds_them_and_leaves_keys_and_names_alone():
    source = (
        '<p title="{{ _("Fine") }}">Parley {{ name }} <kbd>Esc</kbd> /health</p><pre>curl</pre>'
        '<a aria-label="Close">{{ button("Save it") }}</a> Bare{# why #}{% if x %} words{% endif %}'
    )
    assert literal(source) == ["Close", "Bare", "words"]
    assert spoken(source) == ["Save it"]
