"""The list, the ticket and what an agent does there, with and without JavaScript."""

import re
from html import unescape
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test.utils import CaptureQueriesContext

from parley.desk.tickets import actions
from parley.desk.tickets.models import Message, MessageGroup, Ticket
from parley.kernel import clock, live
from parley.kernel.actors import SYSTEM
from parley.kernel.tenancy import current_cell

HTMX = {"HX-Request": "true", "HX-Target": "ticket"}


def url(ticket, act=""):
    return f"/agent/tickets/{ticket.code}/{act}"


def words(ticket, text="Is it plugged in?", **more):
    return {"text": text, "version": Ticket.objects.get(pk=ticket.pk).version, "client_id": "c1"} | more


def listed(response):
    return re.findall(r'<li id="row-([A-Z0-9-]+)"', response.content.decode())


@pytest.fixture
def signed_in(world, client):
    return world.sign_in(client, world.owner)


def test_the_list_shows_what_waits_the_latest_first(world, signed_in):
    older = world.ticket(subject="Older")
    clock.move(minutes=5)
    newer = world.ticket(subject="Newer", email="other@customer.example")
    done = world.ticket(status="R", subject="Done", email="third@customer.example")

    page = signed_in.get("/agent/tickets/")

    assert listed(page) == [newer.code, older.code]
    assert done.code not in page.content.decode()
    assert f'<meta name="parley-live" content="{live.last_seq()}">' in page.content.decode()


def test_an_agent_sees_his_departments_and_what_is_assigned_to_him(world, client):
    sales, bob = world.department("Sales"), world.agent("Bob")
    ada = world.agent("Ada", sales)
    hidden = world.ticket(subject="Hidden")
    seen = world.ticket(subject="Seen", department=sales, email="a@customer.example")
    given = world.ticket(subject="Given", assignee=ada, email="b@customer.example")
    world.sign_in(client, ada)

    assert set(listed(client.get("/agent/tickets/?view=all"))) == {seen.code, given.code}
    assert client.get(url(hidden)).status_code == 404
    assert client.get(url(given)).status_code == 200
    assert client.post(url(hidden, "resolution/")).status_code == 404
    assert Ticket.objects.get(pk=hidden.pk).status == "N"
    world.sign_in(client, bob)
    assert client.get(url(hidden)).status_code == 200


def test_a_view_or_department_nobody_has_is_not_found(world, signed_in):
    assert signed_in.get("/agent/tickets/?view=nothing").status_code == 404
    assert signed_in.get("/agent/tickets/?view=all&department=nothing0").status_code == 404


def test_pages_of_a_list_hold_each_ticket_once(world, signed_in, monkeypatch):
    monkeypatch.setattr("parley.desk.tickets.queries.PAGE", 4)
    made = []
    for n in range(10):
        made.append(world.ticket(email=f"{n}@customer.example").code)
        clock.move(seconds=n % 2)  # some at the same instant
    seen, more = [], "view=all"
    while more:
        page = signed_in.get(f"/agent/tickets/?{more}")
        seen += listed(page)
        next_one = re.search(r'href="/agent/tickets/\?([^"]+)" rel="next"', page.content.decode())
        more = unescape(next_one[1]) if next_one else ""
    assert seen == made[::-1]


def test_what_cannot_be_read_as_a_place_in_the_list_begins_at_the_top(world, signed_in):
    ticket = world.ticket()
    for broken in ("x", "2030-01-01_1", "_", "9999-99-99T00:00:00+00:00_7", "%00_%00"):
        assert listed(signed_in.get(f"/agent/tickets/?before={broken}")) == [ticket.code]


def test_the_ticket_shows_words_acts_and_files(world, signed_in):
    ticket = world.ticket(files=[world.file(name="bill.pdf")])
    world.answer(ticket, "Have you tried the switch?")
    world.note(ticket, "Old lamp.")
    actions.resolve(ticket, by=world.owner.actor)

    page = signed_in.get(url(ticket)).content.decode()

    for text in ("It does not glow.", "bill.pdf", "Have you tried the switch?", "Old lamp."):
        assert text in page
    assert "<b><bdi>Olga</bdi></b> resolved it" in page
    assert "Caught in the outbox" not in page and "On its way" not in page  # nothing has settled yet


def test_an_answer_by_htmx_is_the_ticket_as_it_is_then(world, signed_in):
    ticket = world.ticket()
    response = signed_in.post(url(ticket, "replies/"), words(ticket), headers=HTMX)
    assert response.status_code == 200
    text = response.content.decode()
    assert text.lstrip().startswith("<article") and "Is it plugged in?" in text and "Sent" in text
    ticket.refresh_from_db()
    assert (ticket.status, ticket.assignee, ticket.version) == ("A", world.owner, 2)


def test_an_answer_by_plain_post_comes_back_to_the_ticket(world, signed_in):
    ticket = world.ticket()
    given = words(ticket, then="resolve")
    response = signed_in.post(url(ticket, "replies/"), given)
    assert (response.status_code, response.url) == (303, url(ticket))
    ticket.refresh_from_db()
    assert ticket.status == "R"


def test_the_same_answer_twice_is_one(world, signed_in):
    ticket, given = world.ticket(), None
    given = words(ticket)
    for _ in range(2):
        assert signed_in.post(url(ticket, "replies/"), given, headers=HTMX).status_code == 200
    assert MessageGroup.objects.filter(ticket=ticket, type="4").count() == 1


def test_an_answer_to_what_has_changed_is_held_back_and_kept(world, signed_in):
    ticket = world.ticket()
    given = words(ticket, "My long answer.")
    world.said("One more thing!", ticket=ticket)

    held = signed_in.post(url(ticket, "replies/"), given, headers=HTMX)

    assert held.status_code == 409
    page = held.content.decode()
    assert "Something new was said" in page and "One more thing!" in page
    assert ">My long answer.</textarea>" in page
    assert not MessageGroup.objects.filter(ticket=ticket, type="4").exists()
    assert signed_in.post(url(ticket, "replies/"), given).status_code == 409  # without JavaScript, too


@pytest.mark.parametrize("text", ["", "  \n "])
def test_nothing_is_not_sent(world, signed_in, text):
    ticket = world.ticket()
    response = signed_in.post(url(ticket, "replies/"), words(ticket, text), headers=HTMX)
    assert response.status_code == 409 and b"There is nothing to send yet." in response.content
    assert Ticket.objects.get(pk=ticket.pk).version == 1


def test_a_form_with_its_fields_missing_is_refused_with_its_words(world, signed_in):
    ticket = world.ticket()
    response = signed_in.post(url(ticket, "replies/"), {"text": "Mine."}, headers=HTMX)
    assert response.status_code == 422 and b">Mine.</textarea>" in response.content
    assert Ticket.objects.get(pk=ticket.pk).version == 1


def test_a_note_stays_among_agents(world, signed_in):
    ticket = world.ticket()
    assert signed_in.post(url(ticket, "notes/"), words(ticket, "Psst."), headers=HTMX).status_code == 200
    group = MessageGroup.objects.get(ticket=ticket, type="I")
    assert not group.is_public
    assert Ticket.objects.get(pk=ticket.pk).status == "N"


def test_resolved_and_opened_again(world, signed_in):
    ticket = world.ticket()
    assert signed_in.post(url(ticket, "resolution/"), headers=HTMX).status_code == 200
    assert Ticket.objects.get(pk=ticket.pk).status == "R"
    again = signed_in.post(url(ticket, "resolution/"), headers=HTMX)
    assert again.status_code == 409 and b"cannot be resolved" in again.content
    opened = signed_in.post(url(ticket, "resolution/"), {"_method": "DELETE"})
    assert opened.status_code == 303
    assert Ticket.objects.get(pk=ticket.pk).status == "C"
    assert signed_in.get(url(ticket, "resolution/")).status_code == 405


def test_assigned_from_the_page(world, signed_in):
    ticket, bob = world.ticket(), world.agent("Bob")
    response = signed_in.post(url(ticket, "assignment/"), {"agent": bob.public_id}, headers=HTMX)
    assert response.status_code == 200 and b"selected>Bob" in response.content
    assert signed_in.post(url(ticket, "assignment/"), {"agent": "nobody00"}).status_code == 422
    assert Ticket.objects.get(pk=ticket.pk).assignee == bob
    assert signed_in.post(url(ticket, "assignment/"), {"agent": ""}).status_code == 303
    assert Ticket.objects.get(pk=ticket.pk).assignee is None


def test_transferred_out_of_sight_leads_back_to_the_list(world, client):
    sales, support = world.department("Sales"), world.department("Support")
    ada = world.agent("Ada", sales)
    ticket = world.ticket(department=sales)
    world.sign_in(client, ada)
    response = client.post(url(ticket, "department/"), {"department": support.public_id}, headers=HTMX)
    assert response["HX-Redirect"] == "/agent/tickets/"
    assert client.get(url(ticket)).status_code == 404
    assert Ticket.objects.get(pk=ticket.pk).department == support


def test_files_travel_with_an_answer_and_are_served_harmlessly(world, signed_in):
    ticket = world.ticket()
    page = SimpleUploadedFile("page.html", b"<script>alert(1)</script>", "text/html")
    image = SimpleUploadedFile("dot.png", PNG, "image/png")
    given = words(ticket, "See here.") | {"files": [page, image]}
    assert signed_in.post(url(ticket, "replies/"), given, headers=HTMX).status_code == 200
    rows = Message.objects.filter(type="F").select_related("file")
    served = {
        row.file.name: signed_in.get(f"/files/{row.file.public_id}/{row.file.name}") for row in rows
    }
    assert served["page.html"]["Content-Type"] == "application/octet-stream"
    assert served["page.html"]["Content-Disposition"].startswith("attachment")
    assert served["dot.png"]["Content-Type"] == "image/png"
    for each in served.values():
        assert (
            each["X-Content-Type-Options"] == "nosniff" and "sandbox" in each["Content-Security-Policy"]
        )


def test_too_large_a_file_is_refused_and_the_words_are_kept(world, signed_in, monkeypatch):
    monkeypatch.setattr("parley.web.agent.tickets.forms.LARGEST_FILE", 10)
    ticket = world.ticket()
    given = words(ticket, "See here.") | {"files": [SimpleUploadedFile("a.txt", b"x" * 11)]}
    response = signed_in.post(url(ticket, "replies/"), given, headers=HTMX)
    assert response.status_code == 422 and b">See here.</textarea>" in response.content
    assert Ticket.objects.get(pk=ticket.pk).version == 1


def test_html_of_customers_is_only_in_its_frame(world, signed_in):
    ticket = world.ticket(
        html='<p onclick="x()">Hi <b>there</b><img src="https://spy.example/1.png"></p>'
    )
    page = signed_in.get(url(ticket)).content.decode()
    body = Message.objects.get(group__ticket=ticket, type="M")
    assert f'src="/agent/messages/{body.public_id}/body/"' in page and "<b>there</b>" not in page
    frame = signed_in.get(f"/agent/messages/{body.public_id}/body/")
    assert b"<b>there</b>" in frame.content and b"onclick" not in frame.content
    policy = frame["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "allow-scripts" not in policy and "https:" not in policy


def test_search_finds_what_may_be_seen(world, client):
    sales = world.department("Sales")
    ada = world.agent("Ada", sales)
    world.ticket(subject="Glowing sofa", text="purple")
    mine = world.ticket(subject="Glowing lamp", department=sales, email="b@customer.example")
    world.settle()
    world.sign_in(client, ada)
    assert listed(client.get("/agent/tickets/?q=glowing")) == [mine.code]
    assert listed(client.get(f"/agent/tickets/?q={mine.code}")) == [mine.code]
    assert listed(client.get("/agent/tickets/?q=nothing-like-it")) == []


def test_pages_ask_as_many_questions_for_many_rows_as_for_few(world, signed_in):
    def ask(path):
        with CaptureQueriesContext(connections[current_cell()]) as asked:
            assert signed_in.get(path).status_code == 200
        return len(asked)

    ticket = world.ticket(files=[world.file()])
    world.answer(ticket)
    for n in range(2):
        world.ticket(email=f"{n}@customer.example", assignee=world.owner)
    few = ask("/agent/tickets/?view=all"), ask(url(ticket))
    for n in range(27):
        world.ticket(email=f"more{n}@customer.example", assignee=world.agent(f"A{n}"))
        world.said("And?", ticket=ticket, files=[world.file()])
        world.answer(ticket, "So.")
    many = ask("/agent/tickets/?view=all"), ask(url(ticket))
    assert many == few


def test_strangers_are_led_to_the_door_and_back(world, client):
    ticket = world.ticket()
    response = client.get(url(ticket))
    assert response.status_code == 302
    assert response.url == f"/agent/sign-in/?next={quote(url(ticket), safe='')}"
    assert client.get(url(ticket), headers=HTMX).status_code == 401
    assert client.post(url(ticket, "replies/"), words(ticket)).status_code == 401
    assert Ticket.objects.get(pk=ticket.pk).version == 1


def test_system_made_changes_name_no_agent(world, signed_in):
    ticket = world.ticket()
    actions.resolve(ticket, by=SYSTEM)
    assert "<b><bdi>Parley</bdi></b> resolved it" in signed_in.get(url(ticket)).content.decode()


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060"
    "000000050001a5f645400000000049454e44ae426082"
)
