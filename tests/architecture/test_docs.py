"""What the documents say is what the program does."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from parley.commands.cli import parser
from parley.config.env import Env
from parley.desk.tickets.models import Status

ROOT = Path(__file__).parents[2]
DOCS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()
CLI = (ROOT / "docs" / "cli.md").read_text()


def test_every_variable_is_documented_with_its_default_and_no_other():
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", CONFIGURATION, re.M))
    assert set(rows) == {each.metadata["variable"] for each in fields(Env)}
    for each in fields(Env):
        said = rows[each.metadata["variable"]]
        assert said.startswith(f"`{each.default}`") if each.default else said, each.name


def commands(top=None, before=()):
    for action in (top or parser())._actions:
        for name, sub in (getattr(action, "choices", None) or {}).items():
            if hasattr(sub, "_actions"):
                inner = list(commands(sub, (*before, name)))
                yield from inner or [" ".join((*before, name))]


def test_every_command_is_documented_and_no_other():
    said = set(re.findall(r"^#+ `parley ([a-z ]+?)(?: [^a-z`][^`]*)?`", CLI, re.M))
    assert said == set(commands())


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        assert target.startswith("http") or (path.parent / target).exists(), target


def test_the_glossary_names_each_status_with_its_letter():
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    for status in Status:
        assert f"{status.name.capitalize()} {status.value}" in glossary


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_make_targets_that_are_named_exist(path):
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", path.read_text(), re.M):
        name = "".join(target)
        assert re.search(rf"^{name}:", makefile, re.M), name
