"""The main job in real browsers: mail in, seen live, answered, answered back."""

import os
import re
import time

from playwright.sync_api import Page, expect

from tests.browser.wire import Cable

CUT_SECONDS = float(os.environ.get("PARLEY_TEST_CUT_SECONDS", "60"))


def row(page: Page, subject: str):
    return page.locator(".list-row", has_text=subject)


def open_ticket(page: Page, subject: str) -> None:
    row(page, subject).first.click()
    expect(page.locator("#ticket h1")).to_have_text(subject)


def answer(page: Page, text: str, button: str = "Send") -> None:
    page.get_by_label("Your answer").fill(text)
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator("#ticket .timeline")).to_contain_text(text)


def is_live(page: Page) -> None:
    """Connected, so that what happens from now on is seen at once."""
    expect(page.locator("html")).to_have_attribute("data-live", "connected")


def test_a_mail_is_seen_answered_and_answered_back_without_reloading(desk, agents):
    page = agents.at()
    is_live(page)
    page.evaluate("window.notReloaded = true")

    first = desk.mail("Where is order 1042?", subject="Order 1042")
    expect(row(page, "Order 1042")).to_be_visible()
    assert page.evaluate("window.notReloaded")

    open_ticket(page, "Order 1042")
    expect(page.locator("#ticket .timeline")).to_contain_text("Where is order 1042?")
    page.evaluate("window.notReloaded = true")
    answer(page, "It left this morning.")
    expect(page.locator("[data-status]")).to_have_text("Answered")
    expect(page.locator("[data-delivery]")).to_contain_text("Caught in the outbox")

    [sent] = desk.sent_to("mette@customer.example")
    assert sent["in_reply_to"] == first and first in str(sent["references"])
    assert re.fullmatch(r"Re: Order 1042 \[[A-Z]{3}-[A-Z]{5}-\d{3}\]", sent["subject"])

    desk.mail("Thank you, it came!", subject="Something else", In_Reply_To=sent["message_id"])
    expect(page.locator("#ticket .timeline")).to_contain_text("Thank you, it came!")
    expect(page.locator("[data-status]")).to_have_text("Open")
    assert page.evaluate("window.notReloaded")

    desk.mail("Mine too.", subject=sent["subject"], sender="stranger@else.example", name="A Stranger")
    expect(row(page, "A Stranger")).to_be_visible()
    expect(page.locator("#ticket .timeline")).not_to_contain_text("Mine too.")


def test_two_agents_see_each_other_and_a_minute_offline_loses_nothing(desk, agents):
    carla = {"sender": "carla@customer.example", "name": "Carla Berg"}
    desk.mail("Which colours are there?", subject="Colours", **carla)
    cable = Cable(desk.http)
    here, there = agents.at(), agents.at(port=cable.port)
    for page in (here, there):
        open_ticket(page, "Colours")
        is_live(page)

    here.get_by_label("Assigned to").select_option(label="Ada")
    expect(there.get_by_label("Assigned to")).to_have_value(
        here.get_by_label("Assigned to").input_value()
    )
    here.get_by_label("Your answer").press_sequentially("Red")
    expect(there.get_by_text("A colleague is writing in this ticket")).to_be_visible()

    there.get_by_label("Your answer").fill("What I was about to say")
    cable.cut()
    began = time.monotonic()
    expect(there.get_by_text("Offline. Trying again; what you write is kept.")).to_be_visible()
    answer(here, "Red, green and blue.")
    [sent] = desk.sent_to("carla@customer.example")
    desk.mail("And sizes?", subject="Re: Colours", In_Reply_To=sent["message_id"], **carla)
    desk.mail("New while away", subject="Missed nothing", sender="new@else.example", name="New Person")
    here.get_by_role("tab", name="Note").click()
    here.get_by_label("Your note, for agents only").fill("Ask the workshop.")
    here.get_by_role("button", name="Add the note").click()
    expect(here.locator("#ticket .timeline")).to_contain_text("Ask the workshop.")
    time.sleep(max(0.0, CUT_SECONDS - (time.monotonic() - began)))
    there.get_by_role("button", name="Send", exact=True).click()  # into the cut cable
    expect(there.get_by_label("Your answer")).to_have_value("What I was about to say")

    cable.mend()
    timeline = there.locator("#ticket .timeline")
    for text in ("Red, green and blue.", "And sizes?", "Ask the workshop."):
        expect(timeline).to_contain_text(text, timeout=30_000)
    expect(row(there, "Missed nothing")).to_be_visible()
    expect(there.get_by_label("Your answer")).to_have_value("What I was about to say")
    answer(there, "What I was about to say")
    expect(here.locator("#ticket .timeline")).to_contain_text("What I was about to say")
    cable.close()


def test_html_mail_is_shown_in_a_frame_that_can_do_nothing(desk, agents):
    hostile = (
        "<p style='color:teal'>Hello <b>you</b></p><script>parent.hacked=1</script>"
        "<img src=x onerror='parent.hacked=1'><a href='javascript:parent.hacked=1'>go</a>"
        "<form action='/agent/sign-out/'><button>Win</button></form>"
    )
    desk.mail("Hello", subject="Hostile", html=hostile, sender="evil@else.example", name="Eve")
    page = agents.at()
    open_ticket(page, "Hostile")
    frame = page.frame_locator("mail-body iframe").first
    expect(frame.locator("b")).to_have_text("you")
    assert frame.locator("form, script, [onerror]").count() == 0
    height = page.locator("mail-body iframe").first.evaluate("frame => frame.clientHeight")
    assert height < 120
    assert page.evaluate("window.hacked") is None


def test_by_keyboard_alone(desk, agents):
    desk.mail("By keys.", subject="Keyboard", sender="keys@else.example", name="Kay")
    page = agents.at()
    expect(row(page, "Keyboard")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#ticket h1")).to_have_text("Keyboard")
    page.keyboard.press("r")
    page.keyboard.type("Typed and sent.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#ticket .timeline")).to_contain_text("Typed and sent.")
    expect(page.get_by_label("Your answer")).to_have_value("")
    page.locator("#ticket h1").click()
    page.keyboard.press("e")
    expect(page.locator("[data-status]")).to_have_text("Resolved")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_an_ended_session_keeps_what_was_typed(desk, agents):
    desk.mail("Still there?", subject="Session", sender="s@else.example", name="Sam")
    page = agents.at()
    open_ticket(page, "Session")
    page.get_by_label("Your answer").fill("Words that must survive")
    desk.installation.script("sign_out", desk.one["account"])
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("You are signed out.").first).to_be_visible()
    expect(page.get_by_label("Your answer")).to_have_value("Words that must survive")
