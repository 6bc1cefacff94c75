"""Every word that people read comes from a catalogue, and every catalogue is complete."""

# ruff: noqa: RUF001  (letters of other scripts are the subject matter)

import gettext
import re
from functools import cache
from html import unescape

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from parley.accounts.models import Account, Login
from parley.accounts.sign_in import actions as sign_in
from parley.channels.email.models import OutgoingMail
from parley.channels.email.quotes import split_reply
from parley.desk.contacts.models import Contact
from parley.desk.team import actions as team
from parley.desk.tickets.models import Status
from parley.kernel.actors import SYSTEM
from tools import translations
from tools.translations import LANGUAGES

in_each_language = pytest.mark.parametrize("language", LANGUAGES)

# The catalogues.


def test_every_catalogue_is_complete_and_no_more():
    assert translations.check() == []


def test_there_is_a_catalogue_for_every_language_one_can_choose():
    assert {"en", *LANGUAGES} == {code for code, _name in settings.LANGUAGES}


@in_each_language
def test_what_is_compiled_is_what_the_catalogue_says(language, tmp_path):
    written = translations.path_of(language)
    copy = tmp_path / language / "LC_MESSAGES" / written.name
    copy.parent.mkdir(parents=True)
    copy.write_bytes(written.read_bytes())
    anew = _entries(translations.compile_file(copy))
    assert len(anew) >= len(translations.read(language))
    assert _entries(written.with_suffix(".mo")) == anew, "run make install"


def _entries(path):
    with path.open("rb") as file:
        entries = gettext.GNUTranslations(file)._catalog
    return {key: text for key, text in entries.items() if key != ""}


PLURALS = {
    "de": {1: 0, 0: 1, 2: 1, 5: 1},
    "da": {1: 0, 0: 1, 2: 1, 5: 1},
    "bg": {1: 0, 0: 1, 2: 1, 5: 1},
    "sk": {1: 0, 2: 1, 4: 1, 0: 2, 5: 2, 101: 2},
    "sl": {1: 0, 101: 0, 2: 1, 102: 1, 3: 2, 4: 2, 0: 3, 5: 3, 11: 3},
}


@in_each_language
def test_a_count_has_the_form_that_the_language_gives_it(language):
    source = "%(num)d ticket becomes nobody’s.", "%(num)d tickets become nobody’s."
    forms = translations.read(language).get(source).string
    with translation.override(language):
        for count, form in PLURALS[language].items():
            assert translation.ngettext(*source, count) == forms[form], count


WRONG = {
    "untranslated": ("Send %(n)s", "   "),
    "placeholders none": ("Send %(n)s", "Senden"),
    "placeholders %(m)s": ("Send %(n)s", "%(m)s senden"),
    "placeholders %s %s": ("Send %s", "%s senden %s"),
    "other white space at the ends or other line breaks": ("One\n\nTwo\n", "Eins\nZwei\n"),
    "markup the source has not": ("Send", "<b>Senden</b>"),
    "1 plural forms instead of 2": (("%(n)d file", "%(n)d files"), ("%(n)d Datei",)),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_would_break_a_page_is_found(wrong):
    message = translations.Message(WRONG[wrong][0], WRONG[wrong][1])
    assert list(translations._wrong_with(message, 2)) == [wrong]


def test_a_guessed_translation_is_found():
    message = translations.Message("Send", "Senden", flags=("fuzzy",))
    assert list(translations._wrong_with(message, 2)) == ["fuzzy"]


def test_missing_and_obsolete_messages_are_found():
    source = translations.template()
    source.add("Said for the first time")
    source.delete("Save")
    assert list(translations.problems("de", source)) == [
        "de: missing: 'Said for the first time'",
        "de: obsolete: 'Save'",
    ]


# Pages.


def in_turn(*words):
    return dict(zip(LANGUAGES, words, strict=True))


OUTSIDE = {
    "/": in_turn(
        "Womit können wir Ihnen helfen?",
        "Hvad kan vi hjælpe dig med?",
        "Kako vam lahko pomagamo?",
        "S čím vám môžeme pomôcť?",
        "С какво можем да Ви помогнем?",
    ),
    "/agent/sign-in/": in_turn("Anmelden", "Log ind", "Prijava", "Prihlásiť sa", "Вход"),
    "/agent/password/forgotten/": in_turn(
        "Link senden", "Send linket", "Pošlji povezavo", "Odoslať odkaz", "Изпрати връзката"
    ),
    "/nowhere/": in_turn(
        "Hier ist nichts", "Der er ikke noget her", "Tukaj ni ničesar", "Tu nič nie je", "Тук няма нищо"
    ),
}
SEND = in_turn("Senden", "Send", "Pošlji", "Odoslať", "Изпрати")
OPEN = in_turn("Offen", "Åben", "Odprt", "Otvorený", "Отворена")


@in_each_language
@pytest.mark.parametrize("path", OUTSIDE)
def test_a_customers_page_is_in_the_browsers_language(client, world, path, language):
    asked = f"{language}-{language.upper()},en;q=0.3"
    page = page_of(client.get(path, HTTP_ACCEPT_LANGUAGE=asked), language)
    assert OUTSIDE[path][language] in page
    assert english_in(page, language) == []


@in_each_language
def test_the_public_pages_are_in_the_browsers_language(world, language):
    browser = Client(HTTP_HOST=settings.BASE_DOMAIN, HTTP_ACCEPT_LANGUAGE=language)
    for path in ("/", "/outbox"):
        assert english_in(page_of(browser.get(path), language), language) == []


@in_each_language
def test_the_workspace_is_in_the_agents_language_not_the_browsers(world, client, language):
    ticket, ada = lived_through(world), world.agent("Ada")
    Login.objects.filter(pk__in=(ada.login_id, world.owner.login_id)).update(language=language)
    world.sign_in(client, world.owner)
    inside = f"/agent/settings/agents/{ada.public_id}/"
    for path in (
        f"/agent/tickets/{ticket.code}/",
        "/agent/tickets/?view=all",
        "/agent/tickets/?q=nothing+like+it",
        "/agent/profile/",
        "/agent/settings/agents/",
        inside,
        f"{inside}deletion/",
        "/agent/settings/departments/",
        f"/agent/settings/departments/{world.general.public_id}/",
    ):
        page = page_of(client.get(path, HTTP_ACCEPT_LANGUAGE="en"), language)
        assert english_in(page, language) == [], path
        if ticket.code in path:
            assert f">{SEND[language]}<" in re.sub(r"<svg.*?</svg>", "", page)
            assert f">{OPEN[language]}</span>" in page


def test_english_stays_english_whatever_was_read_before(client, world):
    page_of(client.get("/", HTTP_ACCEPT_LANGUAGE="de"), "de")
    page = page_of(client.get("/", HTTP_ACCEPT_LANGUAGE="en"), "en")
    assert "What can we help you with?" in page


def lived_through(world):
    """A ticket whose history has all that can be said in it, open in the end."""
    ticket = world.ticket()
    world.answer(ticket, resolve_too=True)
    world.said("Still dark.", ticket=ticket)
    world.note(ticket)
    world.settle()
    assert type(ticket).objects.get(pk=ticket.pk).status == Status.OPEN
    return ticket


def page_of(response, language):
    page = unescape(response.content.decode())
    assert f'<html lang="{language}"' in page
    return page


def english_in(page, language):
    """The sentences of the catalogue that the page shows untranslated."""
    found = [text for text in translated_in(language) if text in page]
    return [text for text in found if re.search(rf"(?<!\w){re.escape(text)}(?!\w)", page)]


@cache
def translated_in(language):
    messages = [each for each in translations.read(language) if isinstance(each.id, str)]
    return [
        each.id for each in messages if " " in each.id and "%(" not in each.id and each.id != each.string
    ]


# Mail.

WROTE = {
    "en": "On 2 January 2030, 12:00, Mette Holm wrote:",
    "de": "Am 2. Januar 2030, 12:00 schrieb Mette Holm:",
    "da": "Den 2. januar 2030 12.00 skrev Mette Holm:",
    "sl": "2. januar 2030 12:00 je oseba Mette Holm napisala:",
    "sk": "2. januára 2030, 12:00 Mette Holm napísal(a):",
    "bg": "На 2 януари 2030\N{NARROW NO-BREAK SPACE}г., 12:00 Mette Holm написа:",
}
INVITED = {
    "en": ("You are invited to Acme Lamps", "Hello Bob,"),
    "de": ("Einladung zu Acme Lamps", "Guten Tag Bob,"),
    "da": ("Du er inviteret til Acme Lamps", "Hej Bob"),
    "sl": ("Vabilo: Acme Lamps", "Pozdravljeni, Bob,"),
    "sk": ("Pozvánka: Acme Lamps", "Dobrý deň, Bob,"),
    "bg": ("Покана за Acme Lamps", "Здравейте, Bob,"),
}


@pytest.mark.parametrize("language", WROTE)
def test_an_answer_quotes_in_the_customers_language(world, language):
    ticket = world.mail().group.ticket
    Contact.objects.filter(pk=ticket.requester_id).update(language=language)
    world.answer(ticket)
    world.settle()
    assert OutgoingMail.objects.get().quoted_line == WROTE[language]


@pytest.mark.parametrize("line", WROTE.values(), ids=WROTE)
def test_the_line_above_our_quotations_is_known_when_it_comes_back(line):
    reply = split_reply(f"It glows.\n\n{line}\n> Have you tried to switch it on?\n")
    assert reply.new == "It glows."


@pytest.mark.parametrize("language", INVITED)
def test_letters_are_in_the_language_of_the_account_until_somebody_chooses_his_own(world, language):
    Account.objects.update(language=language)
    bob = team.add_agent("Bob", email="bob@acme.example", by=SYSTEM)
    world.settle()
    letter = OutgoingMail.objects.get()
    subject, greeting = INVITED[language]
    assert (letter.subject, letter.text.splitlines()[0]) == (subject, greeting)

    Login.objects.filter(pk=bob.login_id).update(language="sk", state=Login.State.ACTIVE)
    sign_in.request_password("bob@acme.example", browser=sign_in.Browser())
    world.settle()
    assert OutgoingMail.objects.latest("id").subject == "Nové heslo pre Acme Lamps"
