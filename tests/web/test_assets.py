"""Assets are named after their content, sent for ever, and nothing else in the package is ever sent."""

import gzip
import hashlib
import re

import pytest
from django.http import Http404
from django.test import RequestFactory
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.web.assets import views
from parley.web.assets.icons import icon
from parley.web.assets.manifest import ROOT, Manifest, UnknownAsset, manifest

HASHED = re.compile(r"/assets/(.+)")
ADDRESS = re.compile(r"""/assets/[^"')#]+""")


def get(path, **headers):
    return views.show(RequestFactory().get(f"/assets/{path}", headers=headers), path)


def name_of(asset):
    return HASHED.fullmatch(manifest().url(asset))[1]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "css").mkdir()
    (tmp_path / "js").mkdir()
    (tmp_path / "dot.svg").write_text("<svg/>")
    (tmp_path / "css" / "app.css").write_text('@layer a;\n@import url("part.css");\n')
    (tmp_path / "css" / "part.css").write_text('@layer a { .a { mask: url("../dot.svg") } }')
    (tmp_path / "js" / "app.js").write_text('import { one } from "./one.js";\nimport "./two.js";\n')
    (tmp_path / "js" / "one.js").write_text('export const one = () => import("./two.js");\n')
    (tmp_path / "js" / "two.js").write_text("export {};\n")
    return tmp_path


def test_a_name_contains_the_hash_of_what_is_sent(folder):
    digest = hashlib.sha256(b"<svg/>").hexdigest()[:12]
    assert Manifest(folder).url("dot.svg") == f"/assets/dot.{digest}.svg"


def test_style_sheets_are_joined_and_their_addresses_hashed(folder):
    assets = Manifest(folder)
    dot = assets.url("dot.svg")
    body = assets.asset("css/app.css").body.decode()
    assert body == f'@layer a;\n@layer a {{ .a {{ mask: url("{dot}") }} }}\n'


def test_modules_import_each_other_by_hashed_names(folder):
    assets = Manifest(folder)
    one, two = assets.url("js/one.js"), assets.url("js/two.js")
    assert (
        assets.asset("js/app.js").body.decode() == f'import {{ one }} from "{one}";\nimport "{two}";\n'
    )
    assert assets.asset("js/one.js").body.decode() == f'export const one = () => import("{two}");\n'


def test_a_change_below_changes_every_name_above(folder):
    names = ("js/app.js", "js/one.js", "js/two.js", "css/app.css", "dot.svg")
    before = [Manifest(folder).url(name) for name in names]
    (folder / "js" / "two.js").write_text("export const two = 2;\n")
    (folder / "dot.svg").write_text("<svg></svg>")
    after = [Manifest(folder).url(name) for name in names]
    assert set(before).isdisjoint(after)


@pytest.mark.parametrize(
    ("name", "text"),
    [("css/part.css", '@import url("app.css");'), ("js/two.js", 'import "./one.js";')],
)
def test_a_circle_is_refused(folder, name, text):
    (folder / name).write_text(text)
    with pytest.raises(UnknownAsset, match="a circle has no hash"):
        Manifest(folder).url(name.replace("part", "app").replace("two", "app"))


def test_a_reference_to_nothing_is_refused(folder):
    (folder / "css" / "part.css").write_text('.a { mask: url("../gone.svg") }')
    with pytest.raises(UnknownAsset, match=r"there is no asset gone\.svg"):
        Manifest(folder).url("css/app.css")


def test_every_asset_of_ours_can_be_made_and_points_at_what_can_be_got():
    for name in sorted(manifest().names):
        found, is_current = manifest().find(name_of(name))
        assert (found.name, is_current) == (name, True)
        if name.endswith((".css", ".js")) and not name.startswith("vendor/"):
            for address in ADDRESS.findall(found.body.decode()):
                assert manifest().find(address.removeprefix("/assets/"))[1], address


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("css/app.css", "text/css; charset=utf-8"),
        ("js/app.js", "text/javascript; charset=utf-8"),
        ("icons.svg", "image/svg+xml"),
        ("fonts/inter-latin-opsz-normal.woff2", "font/woff2"),
    ],
)
def test_an_asset_is_sent_for_ever_with_its_type(name, content_type):
    response = get(name_of(name))
    assert response.status_code == 200
    assert response.content == manifest().asset(name).body
    assert response["Content-Type"] == content_type
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Vary"] == "Accept-Encoding"
    assert response["Content-Length"] == str(len(response.content))
    assert not response.has_header("Content-Encoding")


@pytest.mark.parametrize("accepted", ["gzip", "br;q=1.0, GZIP ; q=0.001", "*"])
def test_text_is_sent_compressed_to_those_who_take_it(accepted):
    response = get(name_of("css/app.css"), accept_encoding=accepted)
    assert response["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.content) == manifest().asset("css/app.css").body
    assert response["ETag"] != get(name_of("css/app.css"))["ETag"]


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip; q=0.000, br"])
def test_text_is_sent_as_it_is_to_those_who_do_not(accepted):
    response = get(name_of("css/app.css"), accept_encoding=accepted)
    assert not response.has_header("Content-Encoding")


def test_fonts_are_compressed_already():
    response = get(name_of("fonts/inter-latin-opsz-normal.woff2"), accept_encoding="gzip")
    assert not response.has_header("Content-Encoding")


def test_what_a_browser_has_is_not_sent_again():
    name = name_of("js/app.js")
    tag = get(name)["ETag"]
    response = get(name, if_none_match=f'"other", W/{tag}')
    assert (response.status_code, response.content, response["ETag"]) == (304, b"", tag)
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert get(name, if_none_match='"other"').status_code == 200


def test_an_old_name_gets_what_there_is_now_and_nobody_stores_it():
    response = get("css/app.000000000000.css")
    assert response.content == manifest().asset("css/app.css").body
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "css/app.css",
        "css/gone.000000000000.css",
        "manifest.000000000000.py",
        "README.000000000000.md",
        "../responses.000000000000.py",
        "css/../../shell/base.000000000000.html",
        "/etc/passwd.000000000000.css",
        "css/../css/app.000000000000.css",
        "fonts/LICENSE-Inter.000000000000.txt",
        "",
    ],
)
def test_nothing_else_is_there(path):
    with pytest.raises(Http404):
        get(path)


@given(st.text(max_size=40), st.sampled_from(["css", "js", "svg", "py", "html"]))
@settings(deadline=None, max_examples=100)
def test_no_guessed_path_leads_out_of_the_folder(stem, suffix):
    found = manifest().find(f"{stem}.000000000000.{suffix}")
    assert found is None or (ROOT / found[0].name).resolve().is_relative_to(ROOT)


def test_only_reading_is_possible():
    assert views.show(RequestFactory().post("/assets/x"), "x").status_code == 405
    name = name_of("icons.svg")
    assert views.show(RequestFactory().head(f"/assets/{name}"), name).status_code == 200


def test_a_page_needs_one_style_sheet_of_less_than_30_kB():
    css = manifest().asset("css/app.css")
    assert b"@import" not in css.body
    assert css.body.startswith(b"@layer reset, tokens, base, components, pages, utilities;")
    assert len(css.gzipped) < 30_000


def test_an_icon_is_hidden_from_listeners_unless_it_is_named():
    sprite = manifest().url("icons.svg")
    assert icon("inbox") == f'<svg class="icon" aria-hidden="true"><use href="{sprite}#inbox"/></svg>'
    named = icon("x", 20, "<Close>")
    assert named.startswith('<svg class="icon icon--large" role="img" aria-label="&lt;Close&gt;"><use ')
    assert 'class="icon icon--forward"' in icon("arrow-right")


def test_an_unknown_icon_or_size_fails():
    with pytest.raises(UnknownAsset, match="there is no icon inboks"):
        icon("inboks")
    with pytest.raises(ValueError, match="not for 24"):
        icon("inbox", 24)
