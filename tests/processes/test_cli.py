"""Each command as a script uses it: what it prints, what it says when it cannot, how it ends."""

import json
import re
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from tests.installation import Installation
from tests.processes.served import run

CODE = re.compile(r"[BCDFGHJKLMNPQRSTVWXZ]{3}-[BCDFGHJKLMNPQRSTVWXZ]{5}-\d{3}")
CREATE = ("account", "create", "acme", "--owner", "olga@acme.example", "--password", "correct horse")


@pytest.fixture(scope="module")
def place() -> Iterator[Installation]:
    """Migrated, with the account acme."""
    own = Installation()
    assert run(own, "migrate").returncode == 0
    assert run(own, *CREATE).returncode == 0
    yield own
    own.end()


def told(installation: Installation, *command: str) -> Any:
    done = run(installation, *command, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(installation: Installation, *command: str) -> tuple[int, str, str]:
    """Exit code, code and message; the message is on standard error too."""
    done = run(installation, *command, "--json")
    error = json.loads(done.stdout)["error"]
    assert done.stderr.splitlines()[-1] == f"parley: {error['message']}"
    return done.returncode, error["code"], error["message"]


def letter(
    tmp_path: Any, *, message_id: str = "<one@there.example>", to: str = "support@acme.localhost"
) -> str:
    mail = EmailMessage()
    mail["From"] = "Mette Holm <mette@there.example>"
    mail["To"] = to
    mail["Subject"] = "A lamp that blinks"
    mail["Message-ID"] = message_id
    mail.set_content("Please help.")
    place = tmp_path / "mail.eml"
    place.write_bytes(bytes(mail))
    return str(place)


def test_migrate_says_for_each_database_that_it_is_up_to_date(place: Installation) -> None:
    done = told(place, "migrate")
    assert done["ok"] is True
    assert {each["message"] for each in done["checks"].values()} == {"was up to date"}
    assert "default" in done["checks"]


def test_an_account_is_created_with_id_name_host_region_and_state(place: Installation) -> None:
    made = told(
        place, "account", "create", "Beta", "--owner", "b@beta.example", "--password", "long enough"
    )
    assert re.fullmatch(r"\d{15,19}", made.pop("id"))
    region = made.pop("region")
    assert made == {"name": "beta", "host": "beta.localhost", "state": "open"}
    assert region in ("eu", "uk", "us", "sg")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "account_name_taken"),
        ({"create": "www"}, "account_name_invalid"),
        ({"create": "fresh", "--owner": "nobody"}, "email_invalid"),
        ({"create": "fresh", "--password": "short"}, "weak_password"),
        ({"create": "fresh", "--region": "mars"}, "no_such_region"),
        ({"create": "fresh", "--plan": "gold"}, "no_such_plan"),
        ({"create": "fresh", "--language": "tlh"}, "no_such_language"),
        ({"create": "fresh", "--time-zone": "Moon/Crater"}, "no_such_time_zone"),
    ],
)
def test_an_account_that_cannot_be_is_refused_by_code(
    place: Installation, change: dict[str, str], code: str
) -> None:
    pairs = dict(zip(CREATE[1::2], CREATE[2::2], strict=True)) | change
    words = [word for pair in pairs.items() for word in pair]
    assert refused(place, "account", *words)[:2] == (1, code)


def test_a_mail_from_a_file_is_a_ticket_at_once_and_the_same_again_is_a_duplicate(
    place: Installation, tmp_path: Any
) -> None:
    file = letter(tmp_path)
    first = told(place, "mail", "deliver", "acme", file)
    assert CODE.fullmatch(first["ticket"]) and re.fullmatch(r"[a-z0-9]{8}", first["message"])
    assert first["outcome"] == "filed"
    assert told(place, "mail", "deliver", "acme.localhost", file) == first | {"outcome": "duplicate"}

    (row,) = [each for each in told(place, "ticket", "list", "acme") if each["code"] == first["ticket"]]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", row.pop("created"))
    assert row == {
        "code": first["ticket"],
        "status": "new",
        "subject": "A lamp that blinks",
        "requester": "mette@there.example",
        "department": "General",
        "agent": None,
        "messages": 1,
    }


def test_what_cannot_be_read_as_a_mail_is_a_ticket_with_the_file(
    place: Installation, tmp_path: Any
) -> None:
    file = tmp_path / "empty.eml"
    file.write_bytes(b"")
    done = told(place, "mail", "deliver", "acme", str(file))
    assert CODE.fullmatch(done["ticket"]) and done["outcome"] == "unreadable"


def test_lists_without_json_are_tables_with_a_head(place: Installation) -> None:
    done = run(place, "outbox", "list", "acme")
    assert done.returncode == 0
    head = done.stdout.splitlines()[0].split()
    assert head == "id to subject message_id in_reply_to references state transport".split()
    assert told(place, "outbox", "list", "acme") == []


def test_an_account_that_is_not_there_is_refused(place: Installation, tmp_path: Any) -> None:
    for command in (("ticket", "list"), ("outbox", "list")):
        assert refused(place, *command, "nobody") == (
            1,
            "no_such_account",
            "There is no account nobody.",
        )
    message = "No account answers at nobody.example."
    assert refused(place, "ticket", "list", "nobody.example") == (1, "no_such_account", message)
    missing = str(tmp_path / "missing.eml")
    message = f"{missing}: No such file or directory"
    assert refused(place, "mail", "deliver", "acme", missing) == (1, "unreadable_file", message)


def test_what_is_not_understood_ends_with_2(place: Installation) -> None:
    assert refused(place, "ticket", "list")[:2] == (2, "usage")
    assert refused(place, "serve", "--http", "nowhere")[:2] == (2, "usage")
    assert refused(place, "serve", "--test-clock", "tomorrow")[:2] == (2, "usage")


def test_other_words_are_commands_of_django(place: Installation) -> None:
    done = run(place, "showmigrations", "kernel")
    assert done.returncode == 0 and "0001_initial" in done.stdout


def test_doctor_names_what_is_wrong_and_what_is_to_be_known(place: Installation) -> None:
    done = run(place, "doctor", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["ok"]) == (1, False)
    checks = report["checks"]
    assert [name for name, each in checks.items() if not each["ok"]] == ["workers"]
    assert checks["workers"]["message"].startswith("no worker serves ")
    assert checks["mail relay"] == {
        "ok": True,
        "message": "mail is caught: nothing leaves until PARLEY_SMTP_RELAY is set",
        "warning": True,
    }
    assert checks["parked"] == {"ok": True, "message": "nothing", "warning": False}


def test_the_demo_is_built_once_by_real_mail_and_sends_nothing(place: Installation) -> None:
    first = told(place, "demo")
    assert told(place, "demo") == first
    assert (first["host"], first["email"], first["tickets"]) == (
        "demo.localhost",
        "ada@tindra.example",
        45,
    )
    assert re.fullmatch(r"([a-z]{4}-){4}[a-z]{4}", first["password"])

    tickets = told(place, "ticket", "list", "demo")
    assert len(tickets) == 45
    assert {each["status"] for each in tickets} == {"new", "open", "answered", "resolved"}
    assert {each["department"] for each in tickets} == {"General", "Orders", "Billing", "Workshop"}
    assert [each["created"] for each in tickets] == sorted(each["created"] for each in tickets)

    sent = told(place, "outbox", "list", "demo")
    assert {(each["state"], each["transport"]) for each in sent} == {("handed_over", "caught")}
    assert all(each["to"].endswith(".example") for each in sent)
    first_answer = sent[0]
    assert re.fullmatch(r"<[^<>]+@demo\.localhost>", first_answer["message_id"])
    assert first_answer["in_reply_to"] == "<demo-1-0@meadowmail.example>"
    assert first_answer["references"] == first_answer["in_reply_to"]
