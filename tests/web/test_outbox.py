"""The development outbox: all caught mail on one page, and nothing of it where mail is real."""

import email
import email.policy

import pytest
from django.test import Client

from parley.channels.email import queries
from parley.channels.email.models import OutgoingMail
from parley.channels.email.rendering import composed
from parley.desk import ports
from tests.world import CANARY, CUSTOMER

PAGES = ("/outbox", "/outbox.json", "/outbox/{id}", "/outbox/{id}/body", "/outbox/{id}.eml")


@pytest.fixture
def browser(db):
    """At the base domain. It may see every account, so it is not the client that looks for leaks."""
    return Client(HTTP_HOST="localhost")


@pytest.fixture
def mail(world):
    html = "<p>Have you <b>tried</b>?</p>"
    world.answer(world.mail(headers={"Message-ID": "<c@customer.example>"}).group.ticket, html=html)
    world.settle()
    return OutgoingMail.objects.get()


def test_the_list_shows_the_mail_of_every_account_the_newest_first(browser, mail):
    page = browser.get("/outbox")
    text = page.content.decode()
    assert page.status_code == 200
    assert text.index(mail.subject) < text.index(f"Subject {CANARY}")
    assert f"/outbox/{mail.public_id}" in text
    assert 'hx-trigger="every 5s"' in text
    for shown in (CUSTOMER, mail.from_email, "acme", "intruder"):
        assert shown in text


def test_scripts_get_the_same_as_json(browser, mail):
    entries = browser.get("/outbox.json").json()
    assert entries[0] == queries.entry(OutgoingMail.objects.get())
    assert entries[0]["state"] == "caught"
    assert entries[0]["in_reply_to"] == "<c@customer.example>"
    assert any(CANARY in entry["subject"] for entry in entries)


def test_one_mail_shows_its_headers_its_text_and_its_html_in_a_frame_without_rights(browser, mail):
    text = browser.get(f"/outbox/{mail.public_id}").content.decode()
    for shown in (
        mail.subject,
        mail.reply_to,
        mail.message_id,
        "c@customer.example",
        "Mette Holm wrote:",
    ):
        assert shown in text
    assert f'sandbox src="/outbox/{mail.public_id}/body"' in text
    assert f'href="/outbox/{mail.public_id}.eml"' in text


def test_the_frame_may_run_and_load_nothing(browser, mail):
    frame = browser.get(f"/outbox/{mail.public_id}/body")
    assert "<b>tried</b>" in frame.content.decode()
    assert frame["Content-Security-Policy"].startswith("sandbox; default-src 'none';")


def test_the_raw_mail_is_what_a_relay_would_get(browser, mail):
    raw = browser.get(f"/outbox/{mail.public_id}.eml")
    assert raw["Content-Type"] == "message/rfc822"
    assert raw.content == composed(mail)
    read = email.message_from_bytes(raw.content, policy=email.policy.default)
    assert read["In-Reply-To"] == "<c@customer.example>"


def test_words_of_strangers_in_a_mail_are_shown_as_words(browser, world):
    ports.send_letter(ports.Letter("x@y.example", "<i>X</i>", "<script>1</script>", "</pre><b>2</b>"))
    world.settle()
    mail = OutgoingMail.objects.get()
    for page in ("/outbox", f"/outbox/{mail.public_id}"):
        text = browser.get(page).content.decode()
        assert "<script>1" not in text
        assert "<b>2" not in text


def test_what_is_not_there_is_not_found(browser, mail):
    for page in PAGES[2:]:
        assert browser.get(page.format(id="nothing1")).status_code == 404


@pytest.mark.parametrize(
    "real",
    [{"SMTP_RELAY": "smtp://127.0.0.1:25"}, {"BASE_DOMAIN": "help.example"}],
    ids=["relay", "domain"],
)
def test_where_mail_is_real_or_strangers_come_there_is_no_outbox(browser, mail, settings, real):
    for name, value in real.items():
        setattr(settings, name, value)
    browser.defaults["HTTP_HOST"] = settings.BASE_DOMAIN
    for page in PAGES:
        assert browser.get(page.format(id=mail.public_id)).status_code == 404


def test_on_the_host_of_an_account_there_is_no_outbox(client, mail):
    assert client.get("/outbox").status_code == 404
