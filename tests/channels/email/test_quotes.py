# ruff: noqa: E501, RUF001  (lines of mail are kept whole, in other scripts too)

import re
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.channels.email.mime import parse
from parley.channels.email.quotes import split_reply
from parley.channels.email.quotes_html import split_reply_html
from parley.kernel.html import to_text
from tests.channels.email.samples import expected, paths, raw

HANGS = 60.0  # seconds of this process: what backtracks takes hours, what does not takes one or two


def words(text):
    return text.split()


@pytest.mark.parametrize("path", paths("reply"))
def test_the_new_words_of_a_real_reply_are_found(path):
    reply = split_reply(parse(raw(path)).text)
    assert words(f"{reply.new} {reply.signature}") == words(expected(path)["reply_text"])
    assert reply.quoted


@pytest.mark.parametrize("path", paths("reply-html-body"))
def test_the_new_part_of_a_real_html_reply_is_found(path):
    new, quoted = split_reply_html(raw(path).decode("utf-8", "replace"))
    assert words(to_text(new)) == words(expected(path)["reply_text"])
    assert "How are you?" in to_text(quoted) or "How are you?" in " ".join(words(to_text(quoted)))


OPENINGS = [
    "On Mon, Apr 2, 2012 at 6:26 PM, Megan One <xxx@example.com> wrote:",
    "On 2 Apr 2012, at 18:26, Megan One\n<xxx@example.com> wrote:",
    "Am 02.04.2012 um 18:26 schrieb Megan One:",
    "Am Mo., 2. Apr. 2012 um 18:26 Uhr schrieb Megan <xxx@example.com>:",
    "Le lun. 2 avr. 2012 à 18:26, Megan One <xxx@example.com> a écrit :",
    "Den man. 2. apr. 2012 kl. 18.26 skrev Megan One <xxx@example.com>:",
    "man. 2. apr. 2012 kl. 18.26 skrev Megan One <xxx@example.com>:",
    "Den mån 2 apr. 2012 kl 18:26 skrev Megan One <xxx@example.com>:",
    "El lun, 2 abr 2012 a las 18:26, Megan One (<xxx@example.com>) escribió:",
    "Il giorno lun 2 apr 2012 alle ore 18:26 Megan One <xxx@example.com> ha scritto:",
    "Op ma 2 apr. 2012 om 18:26 schreef Megan One <xxx@example.com>:",
    "Em seg., 2 de abr. de 2012 às 18:26, Megan One <xxx@example.com> escreveu:",
    "V pon., 2. apr. 2012 ob 18:26 je oseba Megan One <xxx@example.com> napisala:",
    "po 2. 4. 2012 o 18:26 Megan One <xxx@example.com> napísal(a):",
    "po 2. 4. 2012 v 18:26 odesílatel Megan One <xxx@example.com> napsal:",
    "На пн, 2.04.2012 г. в 18:26 ч. Megan One <xxx@example.com> написа:",
    "пн, 2 апр. 2012 г. в 18:26, Megan One <xxx@example.com>:",
    "pon., 2 kwi 2012 o 18:26 Megan One <xxx@example.com> napisał(a):",
    "ma 2. huhtik. 2012 klo 18.26 Megan One (xxx@example.com) kirjoitti:",
    "Megan One <xxx@example.com> ezt írta (időpont: 2012. ápr. 2., H, 18:26):",
    "2012年4月2日(月) 18:26 Megan One <xxx@example.com>:",
    "Megan One <xxx@example.com> 于2012年4月2日周一 18:26写道：",
    "2012년 4월 2일 (월) 오후 6:26, Megan One <xxx@example.com>님이 작성:",
    "2 Nis 2012 Pzt 18:26 tarihinde Megan One <xxx@example.com> şunu yazdı:",
]
HISTORIES = [
    "-----Original Message-----\nFrom: Megan\nSent: Monday\n\nHi",
    "-----Ursprüngliche Nachricht-----\nVon: Megan\n\nHi",
    "----- Oprindelig meddelelse -----\nHi",
    "________________________________\nVon: Megan <m@example.com>\nGesendet: Montag, 2. April 2012\nAn: Jan\nBetreff: Test\n\nHi",
    "Fra: Megan One\nSendt: 2. april 2012 18:26\nTil: Jan\nEmne: Test\n\nHi",
    "De : Megan One\nEnvoyé : lundi 2 avril 2012\nÀ : Jan\nObjet : Test\n\nHi",
    "De: Megan\nEnviado el: lunes\nPara: Jan\nAsunto: Test\n\nHi",
    "Od: Megan\nPoslano: ponedeljek\nZa: Jan\nZadeva: Test\n\nHi",
    "Od: Megan\nOdoslané: pondelok\nKomu: Jan\nPredmet: Test\n\nHi",
    "От: Megan\nИзпратено: понеделник\nДо: Jan\nОтносно: Test\n\nHi",
    "差出人: Megan\n送信日時: 2012年4月2日\n宛先: Jan\n件名: Test\n\nHi",
    "*From:* Megan\n*Sent:* Monday\n*To:* Jan\n*Subject:* Test\n\nHi",
]


@pytest.mark.parametrize("opening", OPENINGS)
@pytest.mark.parametrize("history", ["\n> Hi\n> there", "\n\nHi\nthere"], ids=["marked", "unmarked"])
def test_the_opening_of_a_quote_is_known_in_many_languages(opening, history):
    reply = split_reply(f"Thanks!\n\n{opening}\n{history}\n")
    assert (reply.new, reply.quoted, reply.signature) == ("Thanks!", f"{opening}\n{history}", "")


@pytest.mark.parametrize("history", HISTORIES)
def test_unmarked_history_is_known_in_many_languages(history):
    assert split_reply(f"Thanks!\n\n{history}") == type(split_reply(""))("Thanks!", history, "")


def test_an_answer_between_quotes_is_new_as_a_whole():
    text = "Hi,\n\nOn 2 Apr 2012, at 18:26, M wrote:\n> First?\n\nYes.\n\n> Second?\n\nNo."
    assert split_reply(text).new == text
    text = "> First?\nYes.\n> Second?\nNo."
    assert split_reply(text).new == text


def test_an_answer_below_one_quote_is_new_and_the_quote_is_not():
    reply = split_reply("On 2 Apr 2012, at 18:26, M wrote:\n> First?\n\nYes.\n-- \nJan")
    assert (reply.new, reply.quoted, reply.signature) == (
        "Yes.",
        "On 2 Apr 2012, at 18:26, M wrote:\n> First?",
        "-- \nJan",
    )


@pytest.mark.parametrize(
    "text",
    [
        "> only\n> quotes",
        "From: a\nSent: b\nTo: c\nSubject: d\n\nx",
        "FYI\n\n---------- Forwarded message ---------\nFrom: a\nDate: b\nSubject: c\nTo: d\n\n> body\n\nand more",
        "Anfang der weitergeleiteten Nachricht:\n\nVon: a\nDatum: b\nBetreff: c\n\nbody",
        "On the whole I like it:\n- one\n- two",
        "In May 2024 she wrote to me:\nnothing",
        "My list:\nFrom: Oslo\nTo: Rome\nSeats: 2",
        "",
    ],
)
def test_what_is_no_history_stays_new(text):
    assert split_reply(text).quoted == ""
    assert split_reply(text).new == text


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nJan Novák\nAcme",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "Sendt fra min iPhone",
        "Odoslané z iPhonu",
        "Poslano iz mojega telefona",
        "iPhoneから送信",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
    ],
)
def test_signatures_are_told_from_words(signature):
    reply = split_reply(f"Yes.\n\n{signature}\n\nOn 2 Apr 2012, at 18:26, M wrote:\n> First?")
    assert (reply.new, reply.signature) == ("Yes.", signature)
    assert reply.quoted.startswith("On 2 Apr 2012")


def test_a_long_text_below_dashes_is_no_signature():
    text = "Chapter one\n--\n" + "\n".join(f"line {number}" for number in range(40))
    assert split_reply(text).signature == ""


LINES = st.lists(
    st.sampled_from(
        [
            *OPENINGS,
            *HISTORIES,
            "> quoted",
            ">> twice",
            "new words",
            "",
            "-- ",
            "Sent from my iPhone",
            "_" * 32,
            "From: x",
            "Subject: y",
            "To: z",
            "Yours",
            "  > indented",
            "---------- Forwarded message ---------",
            "\t",
            "\xa0",
        ]
    )
    | st.text(max_size=30),
    max_size=25,
)


def line_counts(*texts):
    return Counter(line for text in texts for line in re.split(r"\r\n|\r|\n", text) if line.strip())


@settings(deadline=None, max_examples=300)
@given(LINES)
def test_no_line_is_lost_or_made_up(lines):
    text = "\n".join(lines)
    reply = split_reply(text)
    assert line_counts(reply.new, reply.quoted, reply.signature) == line_counts(text)
    assert bool(text.strip()) == bool((reply.new + reply.signature).strip())


PIECES = [
    "<p>{}</p>",
    "{}<br>",
    '<div class="gmail_quote">On 2 Apr 2012, at 18:26, M &lt;m@x.example&gt; wrote:<blockquote>{}</blockquote></div>',
    '<blockquote type="cite">{}</blockquote>',
    '<hr id="stopSpelling">From: a{}',
    '<div id="divRplyFwdMsg"><b>From:</b> {}</div>',
    '<div class="moz-cite-prefix">{} wrote:</div>',
    '<div data-parley="quote">{}</div>',
    "<b>From:</b> a<br><b>Sent:</b> b<br><b>To:</b> {}<br><b>Subject:</b> d<br>",
    "<table><tr><td>{}<td>cell",
    "<span>{}",
    "</div>{}",
    "-----Original Message-----<br>{}<br>",
    "<!-- {} -->",
]


def shown(html):
    return Counter("".join(character for character in to_text(html) if character.isalnum()))


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.tuples(st.sampled_from(PIECES), st.sampled_from(["one", "two &amp; three", "", "čtyři"])),
        max_size=8,
    )
)
def test_no_words_of_html_are_lost_or_made_up(pieces):
    html = "".join(piece.format(text) for piece, text in pieces)
    new, quoted = split_reply_html(html)
    assert shown(new) + shown(quoted) == shown(html)
    assert bool(shown(html)) == bool(shown(new)) or new == html


@pytest.mark.parametrize(
    "history",
    [
        '<div class="gmail_quote">On Monday wrote M:<br><blockquote class="gmail_quote">Hi</blockquote></div>',
        '<blockquote type="cite"><div>On 2 Apr 2012, M wrote:</div>Hi</blockquote>',
        '<div class="moz-cite-prefix">Am 2. April schrieb M:</div><blockquote type="cite">Hi</blockquote>',
        '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Von:</b> M</div><div>Hi</div>',
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>Fra:</b> M<br><b>Sendt:</b> 2. april<br>'
        "<b>Til:</b> J<br><b>Emne:</b> T</p></div><p>Hi</p>",
        '<div id="yahoo_quoted_12" class="yahoo_quoted"><div>On Monday, M wrote:</div>Hi</div>',
        '<div class="parley-quote"><div>On Monday, M wrote:</div>Hi</div>',
        '<div data-parley="quote">Hi</div>',
        "-----Original Message-----<br>Hi",
    ],
)
def test_histories_of_mail_programs_are_cut_from_html(history):
    new, quoted = split_reply_html(f"<div>Thanks!</div><br>{history}")
    assert words(to_text(new)) == ["Thanks!"]
    assert words(to_text(quoted))[-1] == "Hi"


@pytest.mark.parametrize(
    "html",
    [
        "<p>Only words</p>",
        "",
        '<p>Hi</p><blockquote type="cite">First?</blockquote><p>Yes.</p><blockquote type="cite">B?</blockquote><p>No.</p>',
        '<blockquote type="cite">nothing else</blockquote>',
        '<p>Look</p><div class="gmail_quote">---------- Forwarded message ---------<br>From: a<br>Hi</div>',
        '<p>a</p><blockquote style="margin:0 0 0 40px;border:none;padding:0px">indented</blockquote>',
    ],
)
def test_html_without_a_history_stays_whole(html):
    assert split_reply_html(html) == (html, "")


def test_an_html_answer_below_the_quote_is_new():
    new, quoted = split_reply_html('<blockquote type="cite">First?</blockquote><p>Yes &lt;b&gt;.</p>')
    assert words(to_text(new)) == ["Yes", "<b>."]
    assert words(to_text(quoted)) == ["First?"]


@pytest.mark.parametrize(
    "hostile",
    [
        "On 1 Jan 2020 10:00 a@b.example wrote:\n> x\n" * 20_000,
        "From: x\n" * 50_000,
        "-" * 500_000,
        "On " * 200_000,
        "\n" * 500_000 + "x",
        "-- \n" * 50_000,
        "> " * 300_000,
    ],
    ids=range(7),
)
def test_hostile_text_is_split_within_seconds(hostile):
    started = time.process_time()
    split_reply(hostile)
    assert time.process_time() - started < HANGS


@pytest.mark.parametrize(
    "hostile",
    [
        "<div>" * 100_000 + "x",
        "<blockquote type=cite>" * 200 + "x" + "</blockquote>" * 200 + "y",
        '<p>x</p><div class="gmail_quote">y</div>' * 20_000,
        "<b>" * 1500 + "x<br>-----Original Message-----<br>y",
        "<p>x" * 100_000 + '<div data-parley="quote">y</div>',
    ],
    ids=range(5),
)
def test_hostile_html_is_split_within_seconds(hostile):
    started = time.process_time()
    split_reply_html(hostile)
    assert time.process_time() - started < HANGS
