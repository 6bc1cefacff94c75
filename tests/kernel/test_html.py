import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.kernel import html
from parley.kernel.html import REL, clean, clean_reply, from_text, preview, to_text

MARK = "alert(1)"
VECTORS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.test/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script\x00>alert(1)</script>",
    "<script/x>alert(1)</script >",
    "<<script>alert(1);//<</script>",
    "<script>alert(1)",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img/src=x/onerror=alert(1)>",
    "<IMG SRC=x OnErRoR=alert(1)>",
    '<img """><script>alert(1)</script>">',
    '<img src="x:x" onerror\n=alert(1)>',
    "<img src=`x`onerror=alert(1)>",
    "<img src=javascript:alert(1)>",
    "<img src=data:text/html,<script>alert(1)</script>>",
    "<img src='data:image/svg+xml;base64,PHN2Zy8+'>",
    "<img srcset='javascript:alert(1) 1x, https://evil.test/a 2x'>",
    "<img lowsrc=javascript:alert(1) dynsrc=javascript:alert(1) usemap=#x longdesc=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=JaVaScRiPt:alert(1)>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)'>x</a>",
    "<a href='&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1)'>x</a>",
    "<a href='javascript&colon;alert(1)'>x</a>",
    "<a href='java&Tab;script:alert(1)'>x</a>",
    "<a href=' \x01\x02javascript:alert(1)'>x</a>",
    "<a href='java\0script:alert(1)'>x</a>",
    "<a href=vbscript:alert(1)>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=='>x</a>",
    "<a href=feed:javascript:alert(1)>x</a>",
    "<a href=view-source:javascript:alert(1)>x</a>",
    "<a href='https://ok.test/' ping=https://evil.test/ target=_self rel=opener onclick=alert(1)>x</a>",
    "<a xlink:href=javascript:alert(1)>x</a>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "<svg><animate attributeName=href values=javascript:alert(1) /></svg>",
    "<svg><foreignObject><img src=x onerror=alert(1)></foreignObject></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    '<math><mtext><table><mglyph><style><!--</style><p title="--&gt;&lt;img src onerror=alert(1)&gt;">',
    '<math><mi//xlink:href="data:x,<script>alert(1)</script>">',
    "<math><annotation-xml encoding=text/html><script>alert(1)</script></annotation-xml></math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<title><p title="</title><img src=x onerror=alert(1)>">',
    '<textarea><p title="</textarea><img src=x onerror=alert(1)>">',
    "<template><script>alert(1)</script></template>",
    '<template><p title="</template><img src=x onerror=alert(1)>">',
    '<xmp><p title="</xmp><img src=x onerror=alert(1)>">',
    '<noembed><p title="</noembed><img src=x onerror=alert(1)>">',
    "<select><iframe></select><img src=x onerror=alert(1)>",
    "<plaintext><img src=x onerror=alert(1)>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<frameset><frame src=javascript:alert(1)></frameset>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<applet code=x archive=javascript:alert(1)></applet>",
    "<form action=javascript:alert(1)><input><button formaction=javascript:alert(1)>x</button></form>",
    "<input autofocus onfocus=alert(1)>",
    "<isindex type=image src=1 onerror=alert(1)>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href='javascript:alert(1)//'><a href=x>x</a>",
    "<link rel=stylesheet href=javascript:alert(1)>",
    "<style>@import 'https://evil.test/x.css';</style>",
    "<style>*{background:url(javascript:alert(1))}</style>",
    "<body onload=alert(1) background=javascript:alert(1)>x",
    "<table background=javascript:alert(1)><td background=javascript:alert(1)>x",
    "<div style='width:expression(alert(1))'>x</div>",
    "<div style='width:exp/**/ression(alert(1))'>x</div>",
    "<div style='background-image:url(javascript:alert(1))'>x</div>",
    "<div style='background:u\\72l(javascript:alert(1))'>x</div>",
    "<div style='behavior:url(#x);-moz-binding:url(x)'>x</div>",
    "<div style='position:fixed;top:0;left:0;z-index:9999;width:100%'>x</div>",
    "<div style='color:red;}*{background:url(//evil.test)'>x</div>",
    "<div style=\"font-family:'x;background:url(//evil.test)'\">x</div>",
    "<video src=x onerror=alert(1)><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)></audio>",
    "<details open ontoggle=alert(1)>x</details>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<dialog open onclose=alert(1)>x</dialog>",
    "<portal src=javascript:alert(1)>",
    "<x onclick=alert(1) style=animation-name:x onanimationstart=alert(1)>x</x>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml-stylesheet href=javascript:alert(1)?><?php alert(1) ?>",
    "<!DOCTYPE x [<!ENTITY y '<script>alert(1)</script>'>]><a>&y;</a>",
    "<a title='\"><img src=x onerror=alert(1)>'>x</a>",
    '<p title="</p><script>alert(1)</script>">x',
    '<a href="https://ok.test/"onmouseover="alert(1)">x</a>',
    "\u2028<img src=x\u2028onerror=alert(1)>",
    "<img src=x onerror&#61;alert(1)>",
    "\ud800<script>alert(1)</script>",
    "<div id=cookie name=body class=x>clobber</div><a id=x name=y>x</a>",
    "<b><table><b><tr><td><a><table><a><img src=x onerror=alert(1)>",
]


class Reader(HTMLParser):
    """Reads what came out as another parser would; objects to all that is not known to be harmless."""

    def __init__(self, tags, attributes, own=()):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.own, self.seen = tags, attributes, own, []

    def handle_starttag(self, tag, attrs):
        assert tag in self.tags
        self.seen.append((tag, dict(attrs)))
        allowed = self.attributes.get("*", set()) | self.attributes.get(tag, set())
        assert {name for name, _ in attrs} <= allowed | ({"rel", "target"} if tag == "a" else set())
        for name, value in attrs:
            self.check(tag, name, value)

    def check(self, tag, name, value):
        if name == "href":
            assert re.match(r"(https?://|mailto:|tel:)", value, re.I), value
        elif name == "src":
            harmless = r"https?://|data:image/(png|gif|jpe?g|webp);base64,|cid:"
            assert value in self.own or re.match(harmless, value, re.I), value
        elif name == "data-remote-src":
            assert re.match(r"https?://", value, re.I), value
        elif name == "style":
            assert not re.search(
                r"url|expression|@|\\|/\*|position|behavio|binding|[{}<>&]", value, re.I
            ), value
        elif name == "rel":
            assert value == REL
        elif name == "target":
            assert value == "_blank"

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    handle_decl = handle_pi = unknown_decl = handle_comment


def read(markup, tags=html._MAIL_TAGS, attributes=html._MAIL_ATTRIBUTES, own=()):
    reader = Reader(tags, attributes, own)
    reader.feed(markup)
    reader.close()
    return reader.seen


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_that_runs_survives(vector):
    for before in (
        "",
        "<p>",
        "<table><tr><td>",
        "<b><i>",
        "<pre>",
        "<blockquote type=cite>",
        "<center><font>",
    ):
        for images in (False, True):
            cleaned = clean(before + vector, remote_images=images)
            read(cleaned.html)
            assert clean(cleaned.html, remote_images=images).html == cleaned.html
        reply = clean_reply(before + vector)
        read(reply, html._REPLY_TAGS, html._REPLY_ATTRIBUTES)
        assert clean_reply(reply) == reply


@pytest.mark.parametrize("vector", VECTORS)
def test_text_of_a_hostile_document_becomes_harmless_html_again(vector):
    text = to_text(vector)
    again = from_text(text)
    assert {tag for tag, _ in read(again)} <= {"p", "br", "a"}
    assert to_text("<p>kept</p>" + vector).startswith("kept")


FRAGMENTS = st.sampled_from(
    [
        "<b>",
        "</b>",
        "<i>",
        "</i>",
        "<a href=https://x.test/>",
        "</a>",
        "<p>",
        "</p>",
        "<table>",
        "<tr>",
        "<td>",
        "</table>",
        "<div style='color:red'>",
        "</div>",
        "<ul>",
        "<li>",
        "</ul>",
        "<pre>",
        "\n",
        "<svg>",
        "</svg>",
        "<math>",
        "<mtext>",
        "<style>",
        "</style>",
        "<title>",
        "<textarea>",
        "<select>",
        "<option>",
        "<template>",
        "<noscript>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        '"',
        "'",
        "<",
        ">",
        "&lt;",
        "&amp;",
        "=",
        "<img src=x ",
        "onerror=alert(1)>",
        "<img src='https://x.test/a.png' alt='",
        "<font color=red>",
        "</font>",
        "<br>",
        "<hr>",
        "<h1>",
        "</h1>",
        "<caption>",
        "<col>",
        "<form>",
        "<button>",
        "<iframe>",
        "<center>",
        "<o:p>",
        "x",
        " ",
        "\0",
    ]
)


@settings(deadline=None, max_examples=300)
@given(st.lists(FRAGMENTS, max_size=25).map("".join) | st.text(max_size=60))
def test_any_soup_comes_out_clean_and_stays_as_it_is(soup):
    for images in (False, True):
        once = clean(soup, remote_images=images)
        read(once.html)
        assert clean(once.html, remote_images=images) == once
    reply = clean_reply(soup)
    read(reply, html._REPLY_TAGS, html._REPLY_ATTRIBUTES)
    assert clean_reply(reply) == reply
    to_text(soup)


def test_an_ordinary_mail_is_kept_as_it_is():
    mail = (
        '<table width="600" cellpadding="0" align="center"><tbody><tr><td bgcolor="#ffffff" '
        "style=\"padding: 10px 2.5em; font-family: 'Segoe UI', Arial; border: 1px solid rgb(0, 0, 0)\">"
        '<center><font color="red" size="2" face="Arial">Hi</font></center>'
        '<p dir="rtl">x<br>y&nbsp;z</p><ol start="3"><li>a</li></ol></td></tr></tbody></table>'
        '<blockquote type="cite">old</blockquote>'
    )
    assert clean(mail).html == mail


def test_links_open_elsewhere_and_tell_nothing():
    expected = f'<a href="https://ok.test/?a=1&amp;b=2" target="_blank" rel="{REL}">x</a>'
    assert clean("<a href='https://ok.test/?a=1&b=2' rel=opener target=_top>x</a>").html == expected
    for address in ("mailto:a@b.test?subject=x", "tel:+4930123"):
        assert read(clean(f"<a href='{address}'>x</a>").html)[0][1]["href"] == address
    assert "href" not in read(clean("<a href=/agent/logout>x</a>").html)[0][1]


def test_pictures_from_the_network_wait_for_leave():
    mail = (
        "<img src='https://t.test/a.png?x=1&y=2' alt=a><img src=//t.test/b><IMG SRC=' HTTP://t.test/c '>"
    )
    waiting = clean(mail)
    assert waiting.remote_images_blocked == 3
    assert [each["data-remote-src"] for _, each in read(waiting.html)] == [
        "https://t.test/a.png?x=1&y=2",
        "https://t.test/b",
        "HTTP://t.test/c",
    ]
    assert " src=" not in waiting.html
    shown = clean(mail, remote_images=True)
    assert (shown.remote_images_blocked, [each["src"] for _, each in read(shown.html)]) == (
        0,
        [each["data-remote-src"] for _, each in read(waiting.html)],
    )
    assert clean(waiting.html, remote_images=True) == shown


@pytest.mark.parametrize(
    "mail",
    [
        "<table background=https://t.test/a><td background=https://t.test/a>x",
        "<body background=https://t.test/a>x",
        "<p style='background:url(https://t.test/a)'>x",
        "<img srcset='https://t.test/a 1x'>",
        "<input type=image src=https://t.test/a>",
        "<video poster=https://t.test/a></video>",
        "<style>@import 'https://t.test/a'</style>x",
        "<link href=https://t.test/a>",
        "<picture><source srcset=https://t.test/a></picture>",
        "<p style='list-style:url(https://t.test/a)'>x",
        "<img src='ht\ntps://t.test/a'>",
        "<img src='https:\\\\t.test\\a'>",
        "<img src='/\\t.test/a'>",
        "<img src='\\\\t.test\\a'>",
    ],
)
def test_nothing_is_fetched_without_leave(mail):
    found = clean(mail).html
    assert "t.test" not in re.sub(r'data-remote-src="[^"]*"', "", found)


def test_the_count_is_of_pictures_not_of_words():
    assert clean("<p title=' data-remote-src='> data-remote-src=</p>").remote_images_blocked == 0


def test_pictures_in_the_mail_are_shown_from_our_files():
    urls = {"logo@x.test": "/files/abcd1234", "b": "/files/b?c=1&d=2"}
    mail = "<img src=cid:logo%40x.test><img src='CID:<b>'><img src=cid:unknown><img src=/files/other>"
    cleaned = clean(mail, cid_urls=urls)
    seen = read(cleaned.html, own=urls.values())
    assert [each.get("src") for _, each in seen] == ["/files/abcd1234", "/files/b?c=1&d=2", None, None]
    assert clean(cleaned.html, cid_urls=urls) == cleaned


def test_pictures_written_into_the_mail_are_shown():
    picture = "data:image/png;base64,iVBORw0KGgo="
    assert clean(f"<img src='{picture}'>").html == f'<img src="{picture}">'


@pytest.mark.parametrize(
    ("style", "kept"),
    [
        (
            "color:red;background:url(x);margin:0 auto !important",
            "color: red; margin: 0 auto !important",
        ),
        ("COLOR : #FFF ; width:50%;;", "color: #FFF; width: 50%"),
        ("font:bold 12px/1.5 'Segoe UI', sans-serif", "font: bold 12px/1.5 'Segoe UI', sans-serif"),
        ("color:rgba(1,2,3,.5);width:calc(1px)", "color: rgba(1,2,3,.5)"),
        ("position:absolute;content:'x';cursor:url(x)", None),
        ("color:red/**/;color:r\\65 d;color:var(--x)", None),
    ],
)
def test_a_style_keeps_what_only_decorates(style, kept):
    assert read(clean(f'<p style="{style}">x</p>').html)[0][1].get("style") == kept


def test_a_cell_cannot_span_a_million_columns():
    assert clean("<table><tr><td colspan=1000000 rowspan=2>x").html.count("span") == 1


def test_code_keeps_its_lines():
    assert clean("<pre>\na\n  b</pre>").html == clean(clean("<pre>\na\n  b</pre>").html).html
    assert to_text("<pre>a\n  b</pre>") == "a\n  b"


def test_a_reply_keeps_what_our_editor_makes():
    reply = (
        "<h1>a</h1><p><b>b</b> <em>c</em> <s>d</s> <u>e</u><br>f</p><ul><li>g</li></ul>"
        "<ol><li>h</li></ol><blockquote>i</blockquote><pre>\n<code>j</code></pre>"
        '<img src="/files/ab12/x.png" alt="k"><img src="cid:l@m">'
    )
    assert clean_reply(reply) == reply


@pytest.mark.parametrize(
    "source",
    [
        "/files/../agent/logout",
        "/files/",
        "/agent/",
        "//x.test/files/a",
        "https://x.test/a.png",
        "/files/a/../../b",
        "/files/a?x",
        "files/a",
    ],
)
def test_a_reply_shows_pictures_of_our_own_only(source):
    assert clean_reply(f'<p><img src="{source}"></p>') == "<p><img></p>"


def test_a_reply_loses_styles_and_tables_but_no_words():
    assert clean_reply("<table style='color:red'><td>a</td></table><span class=x>b</span>") == "ab"


def test_text_is_laid_out_as_a_reader_sees_it():
    mail = "<style>p{}</style><title>t</title><p>Hello<br>you</p><!-- c --><p>a &amp; b</p>"
    mail += "after<table><tr><td>1<td>2</table>"
    assert [line.strip() for line in to_text(mail).split("\n") if line.strip()] == [
        "Hello",
        "you",
        "a & b",
        "after",
        "1  2",
    ]
    assert to_text("<ul><li>one</li><li>two</li></ul>").split() == ["*", "one", "*", "two"]


@pytest.mark.parametrize(
    "empty", ["", " ", "\0", "<!-- -->", "<style>x</style>", "<img>", "<", "&", "<html></html>"]
)
def test_of_nothing_nothing_comes(empty):
    assert "<script" not in clean(empty).html
    assert to_text(empty).strip() in ("", "\ufffd", "<", "&")


HUGE = {
    "nesting": "<div>" * 100_000 + "END",
    "tables": "<table><tr><td>" * 30_000 + "END",
    "lists": "<ul><li>" * 30_000 + "END",
    "formatting": "<div>" * 1000
    + "".join(f"<font color={n}>" for n in range(1000))
    + "x</div>" * 1000
    + "END",
    "paragraphs": "<p>x" * 100_000 + "END",
    "attributes": "<p " + " ".join(f"a{n}=1" for n in range(50_000)) + ">END",
    "one style": f"<p style='color:{'a ' * 100_000}('>END",
    "many styles": f"<p style='{'color:red;' * 100_000}'>END",
    "brackets": "<" * 100_000 + " END",
    "open tags": "<a " * 100_000 + "> END",
    "comments": "<!--" * 100_000 + "--> END",
    "foster parents": "<table>" + "x<tr>" * 30_000 + "END",
    "entities": "&" * 100_000 + " END",
    "one attribute": f"<p title='{'x' * 500_000}'>END",
}


@pytest.mark.parametrize("huge", HUGE.values(), ids=HUGE)
def test_a_huge_or_deep_document_is_bounded_and_loses_no_words(huge):
    begun = time.process_time()
    cleaned, text = clean(huge), to_text(huge)
    assert time.process_time() - begun < 8
    assert "END" in re.sub(r"<[^>]*>", "", cleaned.html) and "END" in text
    assert clean(cleaned.html).html == cleaned.html


def test_a_cut_document_says_so():
    assert not clean("<p>x").cut
    assert clean("<div>" * 200).cut
    long = clean("x" * (html.LONGEST + 1))
    assert (long.cut, len(long.html)) == (True, html.LONGEST)


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("a\nb\r\nc\n\n\n d", "<p>a<br>b<br>c</p><p>&nbsp;d</p>"),
        ("<script>&\"'", "<p>&lt;script&gt;&amp;\"'</p>"),
        ("if x:\n    y", "<p>if x:<br>&nbsp;&nbsp;&nbsp;&nbsp;y</p>"),
        ("", ""),
        ("\n\n", ""),
    ],
)
def test_plain_text_keeps_its_lines_and_paragraphs(text, markup):
    assert from_text(text) == markup


@pytest.mark.parametrize(
    ("text", "target", "shown"),
    [
        ("see https://x.test/a?b=1&c=2.", "https://x.test/a?b=1&c=2", "https://x.test/a?b=1&c=2"),
        ("(https://x.test/a_(b))", "https://x.test/a_(b)", "https://x.test/a_(b)"),
        ("www.x.test, then", "https://www.x.test", "www.x.test"),
        ("HTTP://X.test!", "HTTP://X.test", "HTTP://X.test"),
        ("ask a.b+c@x.test.", "mailto:a.b+c@x.test", "a.b+c@x.test"),
        ('"https://x.test/"', "https://x.test/", "https://x.test/"),
        ("<https://x.test/>", "https://x.test/", "https://x.test/"),
    ],
)
def test_addresses_in_text_become_links(text, target, shown):
    made = from_text(text)
    assert [each["href"] for tag, each in read(made) if tag == "a"] == [target]
    assert f">{shown.replace('&', '&amp;')}</a>" in made


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html,x", "a@b", "http://", "x.test", "www."]
)
def test_other_words_do_not(text):
    assert "<a" not in from_text(text)


@settings(deadline=None, max_examples=200)
@given(
    st.text(max_size=120)
    | st.lists(st.sampled_from(["http://x", "www.a", "a@b.cd", " ", "\n", "<b>", "&", ")", "("])).map(
        "".join
    )
)
def test_html_made_from_text_is_what_we_would_let_through(text):
    made = from_text(text)
    assert {tag for tag, _ in read(made)} <= {"p", "br", "a"}
    assert [tag for tag, _ in read(clean_reply(made))] == [tag for tag, _ in read(made)]


def test_linking_takes_linear_time():
    begun = time.process_time()
    for text in (
        "a@" * 50_000,
        "http://" * 20_000,
        "www." * 50_000,
        "a." * 100_000,
        "x@" + "a." * 50_000,
        ")" * 100_000,
        "http://x" + ")" * 20_000,
        " \n" * 50_000,
    ):
        from_text(text)
    assert time.process_time() - begun < 5


def test_a_preview_is_one_line_cut_at_a_word():
    assert preview(" Hello,\n\n  you\t there ") == "Hello, you there"
    assert preview("one two three", 8) == "one two…"
    assert preview("one two three", 7) == "one…"
    assert preview("one, two", 5) == "one…"
    assert preview("x" * 200) == "x" * 159 + "…"
    assert preview("a\u200b\u00ad\u034fb\u202ec") == "abc"
    assert preview("") == ""


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=300), st.integers(2, 50))
def test_a_preview_is_never_longer_than_asked(text, length):
    made = preview(text, length)
    assert len(made) <= length
    assert made == " ".join(made.split())
