"""The mail door as strangers meet it: a real server, real connections, and what is on disk afterwards."""

import logging
import smtplib
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connections
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from parley.channels.email.models import IncomingMail
from parley.channels.email.smtp import Limits, serve
from parley.desk.tickets.models import Ticket
from parley.kernel.cells import AccountAddress, AccountHost, account_scope
from tests.channels.email.relays import free_port

pytestmark = pytest.mark.django_db(transaction=True)
TO = "support@acme.localhost"
MAIL = b"Message-ID: <a@b.example>\r\nSubject: a secret subject\r\n\r\nbody\r\n"


class Client:
    """SMTP by hand, byte by byte."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 15)
        self.lines = self.socket.makefile("rb")

    def send(self, content):
        self.socket.sendall(content)

    def answer(self):
        """The last line of the next answer; "" when the server has hung up."""
        while line := self.lines.readline():
            if line[3:4] != b"-":
                return line.decode().rstrip("\r\n")
        return ""

    def say(self, command):
        self.send(command.encode("utf-8", "surrogateescape") + b"\r\n")
        return self.answer()

    def begin(self, *recipients, sender="<jane@customer.example>"):
        """Up to the 354."""
        codes = [self.answer() if sender else "", self.say("EHLO here"), self.say(f"MAIL FROM:{sender}")]
        codes += [self.say(f"RCPT TO:<{each}>") for each in recipients or (TO,)]
        codes.append(self.say("DATA"))
        assert [each[:3] for each in codes] == ["220", "250", *["250"] * (len(codes) - 3), "354"]

    def close(self):
        self.lines.close()
        self.socket.close()


class Running:
    def __init__(self, limits):
        self.port, self.stopping = free_port(), threading.Event()
        self.clients = []
        arguments = ("127.0.0.1", self.port, self.stopping)
        self.thread = threading.Thread(target=serve, args=arguments, kwargs={"limits": limits})
        self.thread.start()
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.02)
        raise TimeoutError

    def client(self):
        self.clients.append(Client(self.port))
        return self.clients[-1]

    def greeted(self):
        client = self.client()
        assert client.answer().startswith("220 ")
        assert client.say("EHLO here").startswith("250 ")
        return client

    def smtplib(self):
        return smtplib.SMTP("127.0.0.1", self.port, local_hostname="here", timeout=15)

    def deliver(self, raw=MAIL, to=(TO,), sender="jane@customer.example"):
        with self.smtplib() as client:
            return client.sendmail(sender, list(to), raw)

    def stop(self):
        self.stopping.set()
        for each in self.clients:
            each.close()
        self.thread.join(20)
        assert not self.thread.is_alive()


@contextmanager
def running(**limits):
    server = Running(Limits(**{"threads": 3} | limits))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def door(world):
    with running() as server:
        yield server


def stored(row):
    with row.raw.open() as content:
        return content.read()


def only():
    return stored(IncomingMail.objects.get())


def test_a_mail_is_on_disk_with_its_row_when_the_250_is_heard(door):
    assert door.deliver() == {}
    row = IncomingMail.objects.get()
    assert (row.envelope_from, row.envelope_to, row.source) == ("jane@customer.example", [TO], "smtp")
    assert stored(row) == MAIL


def test_a_mail_from_the_door_becomes_a_ticket_and_the_answer_comes_back_to_it(door, world):
    door.deliver()
    world.work()
    ticket = Ticket.objects.get()
    assert ticket.subject == "a secret subject"
    world.answer(ticket)
    world.settle()
    sent = ticket.outgoingmail_set.get()
    door.deliver(b"From: x@y.example\r\nSubject: other\r\n\r\nthanks\r\n", to=[sent.reply_to])
    world.work()
    assert Ticket.objects.get().version == 3


def test_the_door_says_what_it_can_do(door):
    with door.smtplib() as client:
        client.ehlo()
        assert client.esmtp_features["size"] == "52428800"
        assert {"8bitmime", "smtputf8", "pipelining"} <= set(client.esmtp_features)
        assert "auth" not in client.esmtp_features


CONTENTS = {
    "dots": b".\r\n..\r\n...dots\r\n.\r\n.end\r\n",
    "line feeds": b"bare\nline\nfeeds\n.\nand\n.\r\nhalves\r\n",
    "carriage returns": b"carriage\rreturns\r.\r\r\n",
    "eight bits": b"\x00\xff\xfe\x80 bytes of all sorts \xc3\xa4\r\n",
    "long lines": b"x" * 300_000 + b"\r\n" + b"." * 200_000 + b"\r\n",
    "blank": b"\r\n",
    "nothing": b"",
}


def test_the_bytes_arrive_as_they_were_sent(door):
    for name, content in CONTENTS.items():
        client = door.client()
        client.begin()
        client.send(stuffed(content) + b".\r\n")
        assert client.answer() == "250 2.0.0 It is ours now", name
        assert stored(latest()) == content, name


def latest():
    return IncomingMail.objects.order_by("-id").first()


def stuffed(content):
    """As a client has to send it: a dot before each line that begins with one."""
    lines = content.split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)


@hypothesis_settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    pieces=st.lists(st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"a", b"\x00", b"\xff"]), max_size=40)
)
def test_any_bytes_arrive_as_they_were_sent(door, pieces):
    content = b"".join(pieces) + b"\r\n"
    client = door.client()
    client.begin()
    client.send(stuffed(content) + b".\r\n")
    assert client.answer().startswith("250 ")
    client.close()
    assert stored(latest()) == content


def test_no_second_mail_is_smuggled_in_behind_a_false_end(door):
    second = b"MAIL FROM:<boss@acme.localhost>\r\nRCPT TO:<support@acme.localhost>\r\nDATA\r\nx\r\n"
    for end in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r"):
        client = door.client()
        client.begin()
        client.send(b"first" + end + second + b".\r\n")
        assert client.answer().startswith("250 ")
        assert client.say("NOOP").startswith("250 ")
        # A dot at the start of a line is the transfer's, unless it was doubled.
        assert stored(latest()) == b"first" + end.replace(b"\r\n.", b"\r\n") + second
    assert IncomingMail.objects.count() == 4


def test_commands_sent_together_are_answered_one_by_one(door):
    client = door.client()
    client.send(
        b"EHLO here\r\nMAIL FROM:<j@c.example> BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<support@acme.localhost>\r\n"
        b"RCPT TO:<support@nobody.localhost>\r\nDATA\r\n"
    )
    assert [client.answer()[:3] for _ in range(6)] == ["220", "250", "250", "250", "550", "354"]
    client.send(b"Subject: a\r\n\r\nb\r\n.\r\nNOOP\r\nQUIT\r\n")
    assert [client.answer()[:3] for _ in range(3)] == ["250", "250", "221"]
    assert only() == b"Subject: a\r\n\r\nb\r\n"


def rcpt(door, address):
    client = door.greeted()
    client.say("MAIL FROM:<jane@customer.example>")
    answer = client.say(f"RCPT TO:{address}")
    client.close()
    return answer


NOT_OURS = (
    "<a@nobody.localhost>",
    "<a@example.com>",
    "<postmaster@localhost>",
    "<a@deeper.acme.localhost>",
    "<a@acme.localhost.example.com>",
    "<a%example.com@localhost>",
    "<@acme.localhost:a@example.com>",
    "<a@[127.0.0.1]>",
)
NO_ADDRESS = (
    "<>",
    "<a>",
    "<a@acme..localhost>",
    "<\udcff@acme.localhost>",
    "",
    "@",
    "<a@" + "b." * 150 + "c>",
)
OURS = (
    "<Support@ACME.Localhost>",
    "support@acme.localhost",
    "<sales+tag@acme.localhost>",
    "<j\u00fcrgen@acme.localhost>",
)


def test_an_address_that_is_no_accounts_is_refused_and_nothing_is_relayed(door):
    for address in NOT_OURS:
        assert rcpt(door, address).startswith("550 5.1.1 Nobody takes mail at this address"), address


def test_what_is_no_address_is_refused_as_such(door):
    for address in NO_ADDRESS:
        assert rcpt(door, address)[:3] in ("501", "553", "555"), address


def test_any_address_of_an_account_is_taken(door):
    for address in OURS:
        assert rcpt(door, address) == "250 2.1.5 OK", address


def test_an_account_takes_mail_at_its_own_hosts(door, world):
    AccountHost.objects.create(host="help.acme.example", address=world.address)
    assert rcpt(door, "<a@help.acme.example>") == "250 2.1.5 OK"


def test_an_account_that_is_not_open_takes_no_mail(door, world):
    AccountHost.objects.create(host="help.acme.example", address=world.address)
    answers = {"closed": "550 5.1.1 ", "moving": "451 4.3.0 ", "opening": "451 4.3.0 "}
    for state, answer in answers.items():
        AccountAddress.objects.filter(pk=world.address.pk).update(state=state)
        for address in ("<a@acme.localhost>", "<a@help.acme.example>"):
            assert rcpt(door, address).startswith(answer), (state, address)


def test_while_the_directory_is_away_mail_is_put_off_and_afterwards_taken(door):
    table = AccountAddress._meta.db_table
    with connections["default"].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO away")
        try:
            answer = rcpt(door, f"<{TO}>")
        finally:
            cursor.execute(f"ALTER TABLE away RENAME TO {table}")
    assert answer == "451 4.3.0 Mail cannot be taken right now, try again later"
    assert rcpt(door, f"<{TO}>") == "250 2.1.5 OK"


def test_each_account_among_the_recipients_gets_its_own_mail(door, intruder):
    door.deliver(to=[TO, "a@intruder.localhost", "sales@acme.localhost"])
    assert IncomingMail.objects.get().envelope_to == [TO, "sales@acme.localhost"]
    with account_scope(intruder.pk):
        row = IncomingMail.objects.order_by("-id").first()
        assert (row.envelope_to, stored(row)) == (["a@intruder.localhost"], MAIL)


def test_when_one_account_fails_the_sender_tries_again_and_nothing_is_doubled(door, intruder, settings):
    to = [TO, "a@intruder.localhost"]
    with account_scope(intruder.pk):
        before = IncomingMail.objects.count()
    place = Path(settings.FILES) / intruder.cell / str(intruder.pk)
    place.rename(place.with_suffix(".away"))
    place.write_text("in the way")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        door.deliver(to=to)
    assert (refused.value.smtp_code, refused.value.smtp_error[:5]) == (451, b"4.3.0")
    place.unlink()
    place.with_suffix(".away").rename(place)
    assert door.deliver(to=to) == {}
    assert door.deliver(to=to) == {}
    assert IncomingMail.objects.count() == 1
    with account_scope(intruder.pk):
        assert IncomingMail.objects.count() == before + 1


def test_the_same_mail_by_many_connections_at_once_is_one(door):
    ready, failures = threading.Barrier(6), []

    def deliver():
        ready.wait()
        try:
            door.deliver()
        except smtplib.SMTPException as error:
            failures.append(error)

    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    assert IncomingMail.objects.count() == 1


def test_the_null_sender_of_a_bounce_is_taken(door):
    door.deliver(sender="")
    assert IncomingMail.objects.get().envelope_from == ""


def test_an_account_that_closed_while_the_mail_came_puts_the_sender_off(door, world):
    client = door.client()
    client.begin()
    AccountAddress.objects.filter(pk=world.address.pk).update(state="closed")
    client.send(MAIL + b".\r\n")
    assert client.answer().startswith("451 4.3.0")
    assert IncomingMail.objects.count() == 0


def test_a_mail_that_is_announced_too_large_is_refused_at_once(door):
    assert door.greeted().say("MAIL FROM:<a@b.example> SIZE=52428801").startswith("552 ")
    assert door.greeted().say("MAIL FROM:<a@b.example> SIZE=52428800").startswith("250 ")


def test_a_mail_that_becomes_too_large_is_refused_and_the_connection_goes_on(world, settings):
    settings.LARGEST_MAIL = 10_000
    with running() as door:
        client = door.client()
        client.begin()
        client.send(b"x" * 10_001 + b"\r\n.\r\n")
        assert client.answer() == "552 5.3.4 The mail is larger than this server takes"
        client.say("MAIL FROM:<a@b.example>")
        client.say(f"RCPT TO:<{TO}>")
        client.say("DATA")
        client.send(b"y" * 9_998 + b"\r\n.\r\n")
        assert client.answer().startswith("250 ")
    assert only() == b"y" * 9_998 + b"\r\n"


def test_who_does_not_stop_sending_is_sent_away(world, settings):
    settings.LARGEST_MAIL = 10_000
    with running() as door:
        client = door.client()
        client.begin()
        with pytest.raises(ConnectionError):
            for _ in range(2000):
                client.send(b"x" * 50_000 + b"\r\n")
    assert IncomingMail.objects.count() == 0


def test_more_recipients_than_allowed_are_put_off_and_the_others_served(world):
    with running(recipients=3) as door:
        client = door.greeted()
        client.say("MAIL FROM:<a@b.example>")
        said = [client.say(f"RCPT TO:<a{n}@acme.localhost>") for n in range(5)]
        assert [each[:9] for each in said] == [*["250 2.1.5"] * 3, *["452 4.5.3"] * 2]
        client.say("DATA")
        client.send(MAIL + b".\r\n")
        assert client.answer().startswith("250 ")
    assert IncomingMail.objects.get().envelope_to == [f"a{n}@acme.localhost" for n in range(3)]


def test_a_thousand_recipients_are_the_limit():
    assert Limits().recipients == 1000


def test_a_recipient_named_twice_is_one(door):
    door.deliver(to=[TO, TO.upper(), TO])
    assert IncomingMail.objects.get().envelope_to == [TO]


def test_connections_have_a_limit_and_those_beyond_hear_it(world):
    with running(connections=2) as door:
        first, second = door.greeted(), door.greeted()
        assert door.client().answer() == "421 4.3.2 Too many connections, try again later"
        first.say("QUIT")
        second.say("NOOP")
        assert eventually(lambda: door.client().answer().startswith("220 "))


def test_one_address_may_not_take_all_connections(world):
    with running(connections_per_ip=2) as door:
        door.greeted()
        door.greeted()
        assert door.client().answer() == "421 4.7.0 Too many connections from your address"


def eventually(holds):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_mails_of_one_connection_have_a_limit(world):
    with running(mails=2) as door:
        client = door.greeted()
        for _ in range(2):
            client.say("MAIL FROM:<a@b.example>")
            client.say(f"RCPT TO:<{TO}>")
            client.say("DATA")
            client.send(b"Subject: a\r\n\r\nb\r\n.\r\n")
            assert client.answer().startswith("250 ")
        assert client.say("MAIL FROM:<a@b.example>").startswith("421 4.7.0 ")
        assert client.answer() == ""
    assert IncomingMail.objects.count() == 2


def test_who_makes_nothing_but_errors_is_sent_away_after_twenty(door):
    client = door.greeted()
    said = [client.say("NONSENSE") for _ in range(20)]
    assert said == ["500 5.5.1 No such command here"] * 20
    assert client.answer() == "421 4.7.0 Too many errors"
    assert client.answer() == ""


def test_who_says_nothing_for_too_long_is_sent_away(world):
    with running(idle_seconds=0.3) as door:
        client = door.greeted()
        assert client.answer() == "421 4.4.2 Nothing came for too long"
        assert client.answer() == ""
        other = door.client()
        other.begin()
        assert other.answer() == "421 4.4.2 Nothing came for too long"
    assert Limits().idle_seconds == 300
    assert IncomingMail.objects.count() == 0


def test_a_mail_may_not_come_for_ever(world):
    with running(data_seconds=0.5) as door:
        client = door.client()
        client.begin()
        while not client_heard(client):
            client.send(b"drip\r\n")
            time.sleep(0.05)
        assert client.answer() == "421 4.4.2 This took too long"


def client_heard(client):
    client.socket.setblocking(False)
    try:
        return bool(client.socket.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        client.socket.settimeout(15)


def test_slow_senders_hold_no_thread(world):
    with running(threads=1) as door:
        for _ in range(15):
            client = door.client()
            client.begin()
            client.send(b"Subject: slow")
        assert door.deliver() == {}
    assert only() == MAIL


def test_rset_forgets_the_envelope(door):
    client = door.greeted()
    client.say("MAIL FROM:<a@b.example>")
    client.say(f"RCPT TO:<{TO}>")
    assert client.say("RSET").startswith("250 ")
    assert client.say("DATA").startswith("503 ")
    assert client.say(f"RCPT TO:<{TO}>").startswith("503 ")
    assert client.say("NOOP").startswith("250 ")
    assert client.say("VRFY support").startswith("252 ")
    assert client.say("HELP").startswith("214 ")
    assert client.say("QUIT").startswith("221 ")
    assert client.answer() == ""


def test_helo_is_enough(door):
    client = door.client()
    client.answer()
    assert client.say("HELO here") == "250 localhost"
    assert client.say("MAIL FROM:<a@b.example>").startswith("250 ")


def test_no_command_shows_our_insides(world):
    nasty = [
        b"MAIL FROM:<a@b.example> SIZE=\xc2\xb2",
        b"MAIL FROM:<" + b"(" * 400 + b">",
        b"RCPT TO:<\xff\xfe@acme.localhost>",
        b"VRFY \xff",
        b"VRFY " + b"<" * 300,
        b"EHLO",
        b"EHLO \x00",
        b"\xff\xff\xff",
        b"\x00",
        b"",
        b"HELP \xff",
        b"AUTH PLAIN AAAA",
        b"STARTTLS",
        b"MAIL FROM:" + b"a" * 100_000,
        b"DATA now",
        b"push",
        b"MAIL",
        b"RCPT",
        b"GET / HTTP/1.1",
    ]
    with running(errors=1000) as door:
        client = door.greeted()
        for command in nasty:
            client.send(command + b"\r\n")
            answer = client.answer()
            assert answer[:3].isdigit(), command
            assert not any(word in answer for word in ("Traceback", "Error: (", "File ", "object")), (
                answer
            )
        assert client.say("QUIT").startswith("221 ")


def test_a_connection_that_breaks_off_stores_nothing_and_harms_nobody(door):
    for ending in (b"", b"Subject: half", b"Subject: half\r\n."):
        client = door.client()
        client.begin()
        client.send(ending)
        client.close()
    assert door.deliver() == {}
    assert only() == MAIL


def test_each_mail_is_one_line_in_the_log_without_a_word_of_it(door, caplog):
    with caplog.at_level(logging.INFO, "parley.smtp"):
        door.deliver(to=[TO, "sales@acme.localhost"])
    (line,) = [each.getMessage() for each in caplog.records if each.name == "parley.smtp"]
    assert line == f"mail from 127.0.0.1: {len(MAIL)} bytes, 2 recipients, accounts acme: 250 2.0.0"


def test_when_it_is_asked_to_stop_it_finishes_what_it_is_being_sent(world):
    with running() as door:
        idle, sending = door.greeted(), door.client()
        sending.begin()
        sending.send(b"Subject: half")
        door.stopping.set()
        assert idle.answer() == "421 4.3.2 The server is shutting down, try again later"
        assert idle.answer() == ""
        sending.send(b" and half\r\n\r\nb\r\n.\r\n")
        assert sending.answer() == "250 2.0.0 It is ours now"
        assert sending.answer() == "421 4.3.2 The server is shutting down, try again later"
        door.thread.join(10)
        assert not door.thread.is_alive()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", door.port), 1)
    assert only() == b"Subject: half and half\r\n\r\nb\r\n"
