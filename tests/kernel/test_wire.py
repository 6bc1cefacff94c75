import _socket
import gzip
import json
import socket
import ssl
import threading
import time
import zlib
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test.utils import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.kernel import actions, wire
from parley.kernel.tenancy import Scope
from parley.kernel.wire import Forbidden, Reply, TimedOut, TooLarge, Unreachable

PUBLIC = "93.184.216.34"


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except ConnectionError:  # the caller hung up, as it may
            self.close_connection = True

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, self.headers, body))
        if self.path in self.server.scripts:
            self.server.scripts[self.path](self)
            return
        status, headers, content = self.server.pages.get(self.path, (404, {}, b"nothing here"))
        self.reply(status, headers, content)

    def reply(self, status, headers, content):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_HEAD = answer

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked, self.pages, self.scripts = [], {}, {}
        self.done = threading.Event()

    def url(self, path="/", host="127.0.0.1", scheme="http"):
        return f"{scheme}://{host}:{self.server_port}{path}"


@contextmanager
def serving():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.done.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def other():
    with serving() as server:
        yield server


@contextmanager
def allowing(*servers, hosts=("127.0.0.1",)):
    places = tuple(f"{host}:{each.server_port}" for host in hosts for each in servers)
    with override_settings(WIRE_ALLOW_PRIVATE=places):
        yield


def resolving(**names):
    return lambda host, port: names[host.replace(".", "_")]


def numeric(host, port):
    """As the system reads numbers in all their spellings; no name is looked up."""
    if host.rstrip(".") == "localhost":
        return ["127.0.0.1"]
    found = _socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
    return [place[4][0] for place in found]


def test_an_answer_comes_back_whole(server):
    server.pages["/a?b=c"] = (201, {"X-Thing": "7", "Content-Type": "application/json"}, b'{"a": [1]}')
    with allowing(server):
        reply = wire.get(server.url("/a?b=c"))
    assert (reply.status, reply.headers["x-thing"], reply.body) == (201, "7", b'{"a": [1]}')
    assert (reply.json(), reply.url) == ({"a": [1]}, server.url("/a?b=c"))


def test_json_is_sent_as_json(server):
    server.pages["/"] = (204, {}, b"")
    with allowing(server):
        assert wire.post(server.url(), json={"ü": 1}, headers={"X-Key": "k"}).status == 204
    method, _, sent, body = server.asked[0]
    headers = {name.lower(): value for name, value in sent.items()}
    assert (method, json.loads(body), headers["content-type"]) == ("POST", {"ü": 1}, "application/json")
    assert (headers["user-agent"], headers["x-key"]) == ("Parley", "k")


def test_a_header_in_any_case_replaces_ours_and_is_sent_once(server):
    with allowing(server):
        wire.post(
            server.url(), json=1, headers={"content-type": "a/b", "USER-AGENT": "c", "accept": "d/e"}
        )
    sent = sorted((name.lower(), value) for name, value in server.asked[0][2].items())
    assert [each for each in sent if each[0] in ("content-type", "user-agent", "accept")] == [
        ("accept", "d/e"),
        ("content-type", "a/b"),
        ("user-agent", "c"),
    ]


def test_content_is_sent_as_it_is(server):
    with allowing(server):
        reply = wire.request("put", server.url("/x"), content=b"\0\1", headers={"Content-Type": "a/b"})
    assert (reply.status, reply.body) == (404, b"nothing here")
    assert [(each[0], each[3]) for each in server.asked] == [("PUT", b"\0\1")]


def test_a_caller_cannot_change_whom_a_message_addresses_or_how_it_is_framed(server):
    headers = {
        "Host": "internal",
        "Transfer-Encoding": "chunked",
        "content-length": "9999",
        "Connection": "x",
    }
    with allowing(server):
        wire.post(server.url("/x"), content=b"abc", headers=headers)
    sent = server.asked[0][2]
    assert (sent["Host"], sent["Content-Length"]) == (f"127.0.0.1:{server.server_port}", "3")
    assert "Transfer-Encoding" not in sent


def test_a_header_cannot_smuggle_another(server):
    with allowing(server), pytest.raises((Forbidden, Unreachable)):
        wire.get(server.url(), headers={"X-A": "1\r\nX-B: 2"})
    assert server.asked == []


def test_a_body_that_is_no_json_is_a_value_error():
    with pytest.raises(ValueError, match="JSON"):
        Reply(200, {}, b"<html>").json()


NOT_PUBLIC = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.127.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2a00::5efe:7f00:1",
    "2a00::200:5efe:a00:1",
    "localhost",
    "1",
    "0x7f.1",
    "not-an-address",
]
PUBLIC_ONES = (
    "1.1.1.1 8.8.8.8 93.184.216.34 100.63.255.255 100.128.0.1 172.32.0.1 2606:4700::1111 2a00:1450::5"
)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused(address):
    assert not wire.is_public(address)
    with pytest.raises(Forbidden) as refused:
        wire.get("http://name.test/", resolve=lambda *_: [address])
    assert refused.value.code == "forbidden"


@pytest.mark.parametrize("address", PUBLIC_ONES.split())
def test_an_address_that_is_public_is_not_refused(address):
    assert wire.is_public(address)


@settings(deadline=None, max_examples=200)
@given(st.ip_addresses(v=4))
def test_no_disguise_of_an_ipv4_address_is_public(address):
    number = int(address)
    for disguise in (0xFFFF << 32, 0, 0x64FF9B << 96, 0x5EFE << 32 | 0x2A00 << 112):
        assert not wire.is_public(
            str(socket.inet_ntop(socket.AF_INET6, (disguise | number).to_bytes(16, "big")))
        )
    sixtofour = (0x2002 << 112 | number << 80).to_bytes(16, "big")
    assert not wire.is_public(socket.inet_ntop(socket.AF_INET6, sixtofour))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1:8000/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://localhost/",
        "http://localhost./",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://0/",
        "http://①②⑦.⓪.⓪.①/",
        "https://169.254.169.254/latest/meta-data/",
    ],
)
def test_no_way_to_write_this_machine_gets_through(url):
    with pytest.raises(Forbidden):
        wire.get(url, resolve=numeric)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://name.test/",
        "file:///etc/passwd",
        "gopher://name.test/",
        "unix:/run/x",
        "javascript:1",
        "//name.test/",
        "name.test",
        "",
        "http://",
        "http:///x",
        "http://user@name.test/",
        "http://user:word@name.test/",
        "http://:word@name.test/",
        "http://name.test:99999/",
        "http://name.test:x/",
        "http://[::1/",
        "http://a\nb/",
    ],
)
def test_what_is_no_plain_web_address_is_refused_before_any_name_is_asked(url):
    asked = []
    with pytest.raises(Forbidden):
        wire.get(url, resolve=lambda *place: asked.append(place))
    assert asked == []


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    with pytest.raises(Forbidden):
        wire.get("http://name.test/", resolve=lambda *_: [PUBLIC, "10.0.0.1"])


def test_the_connection_goes_to_the_address_that_was_checked(server, monkeypatch):
    """A name that answers differently the second time is asked only once."""
    answers, dialled = [[PUBLIC], ["127.0.0.1"]], []

    def dial(place, timeout):
        dialled.append(place)
        raise ConnectionRefusedError("no one there")

    monkeypatch.setattr(socket, "create_connection", dial)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("resolved again"))
    with pytest.raises(Unreachable):
        wire.get(server.url(host="rebinds.test"), resolve=lambda *_: answers.pop(0))
    assert (dialled, answers) == ([(PUBLIC, server.server_port)], [["127.0.0.1"]])


def test_the_name_stays_in_the_host_header(server):
    with allowing(server, hosts=["hooks.test"]):
        wire.get(server.url("/x", host="hooks.test"), resolve=resolving(hooks_test=["127.0.0.1"]))
    assert server.asked[0][2]["Host"] == f"hooks.test:{server.server_port}"


def test_a_dead_address_leaves_the_next_one(server):
    with allowing(server, hosts=["hooks.test"]):
        reply = wire.get(
            server.url("/x", host="hooks.test"), resolve=lambda *_: ["127.0.0.2", "127.0.0.1"]
        )
    assert reply.status == 404


def test_the_resolver_of_the_module_is_asked_when_none_is_given(server, monkeypatch):
    monkeypatch.setattr(wire, "resolver", lambda host, port: ["10.1.2.3"])
    with pytest.raises(Forbidden, match=r"10\.1\.2\.3"):
        wire.get("http://name.test/")


def test_the_exception_in_the_settings_is_for_one_host_and_port(server, other):
    with allowing(server):
        assert wire.get(server.url("/x")).status == 404
        with pytest.raises(Forbidden):
            wire.get(other.url("/x"))
        with pytest.raises(Forbidden):
            wire.get(server.url("/x", host="localhost"))
    assert wire.get(server.url("/x"), allow_private=True).status == 404
    with pytest.raises(Forbidden):
        wire.get(server.url("/x"))
    assert (len(server.asked), other.asked) == (2, [])


@pytest.mark.parametrize("port", [22, 25, 53, 110, 993])
def test_ports_of_other_services_are_refused(port):
    with pytest.raises(Forbidden, match=f"port {port}"):
        wire.get(f"http://name.test:{port}/", resolve=lambda *_: [PUBLIC])


def test_the_caller_may_name_the_ports():
    with pytest.raises(Forbidden, match="port 8443"):
        wire.get("https://name.test:8443/", resolve=lambda *_: [PUBLIC], ports={443})


@pytest.mark.parametrize("found", [[], OSError("no such name"), UnicodeError("label too long")])
def test_a_name_without_address_is_unreachable(found):
    def resolve(*_):
        if isinstance(found, Exception):
            raise found
        return found

    with pytest.raises(Unreachable, match="has no address") as failed:
        wire.get("http://name.test/", resolve=resolve)
    assert failed.value.code == "unreachable"


def test_a_closed_port_is_unreachable():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    with pytest.raises(Unreachable):
        wire.get(url, allow_private=True)


def redirect(server, path, to, status=302):
    server.pages[path] = (status, {"Location": to}, b"")


def test_a_redirect_is_followed_three_times(server):
    for n in range(4):
        redirect(server, f"/{n}", f"/{n + 1}")
    server.pages["/4"] = (200, {}, b"here")
    with allowing(server):
        reply = wire.get(server.url("/1"))
        assert (reply.body, reply.url) == (b"here", server.url("/4"))
        with pytest.raises(Unreachable, match="more than 3"):
            wire.get(server.url("/0"))
    assert [each[1] for each in server.asked] == ["/1", "/2", "/3", "/4", "/0", "/1", "/2", "/3"]


def test_a_caller_who_wants_no_redirect_gets_it_as_the_answer(server):
    redirect(server, "/", "/2")
    with allowing(server):
        reply = wire.get(server.url(), redirects=0)
    assert (reply.status, reply.headers["Location"], len(server.asked)) == (302, "/2", 1)


@pytest.mark.parametrize(
    "to",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "http://localhost/",
        "file:///etc/passwd",
        "http://u:p@x/",
    ],
)
def test_a_redirect_goes_through_the_same_gate(server, to):
    redirect(server, "/", to)
    with allowing(server), pytest.raises(Forbidden):
        wire.get(server.url(), resolve=numeric)
    assert len(server.asked) == 1


def test_a_redirect_to_another_port_of_an_allowed_host_is_checked(server, other):
    redirect(server, "/", other.url("/"))
    with allowing(server), pytest.raises(Forbidden):
        wire.get(server.url())
    assert other.asked == []


def test_another_origin_sees_no_secret(server, other):
    redirect(server, "/away", other.url("/x"), 307)
    redirect(server, "/near", "/x", 307)
    headers = {"Authorization": "Bearer t", "X-Api-Key": "k", "Cookie": "c=1", "Accept": "a/b"}
    with allowing(server, other):
        wire.post(server.url("/away"), headers=headers, json=1)
        wire.post(server.url("/near"), headers=headers, json=1)
    there = {name.lower(): value for name, value in other.asked[0][2].items()}
    assert (there["accept"], there["content-type"]) == ("a/b", "application/json")
    assert not {"authorization", "x-api-key", "cookie"} & set(there)
    here = {name.lower(): value for name, value in server.asked[-1][2].items()}
    assert (here["authorization"], here["x-api-key"]) == ("Bearer t", "k")


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (302, "PUT", "PUT"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
    ],
)
def test_a_redirect_keeps_the_method_where_http_says_so(server, status, method, then):
    redirect(server, "/", "/x", status)
    with allowing(server):
        wire.request(method, server.url(), content=b"body")
    assert (server.asked[1][0], server.asked[1][3]) == (
        then,
        b"body" if then in ("PUT", "POST") else b"",
    )


def test_a_body_is_cut_off_where_it_becomes_too_large(server):
    server.pages["/1000"] = (200, {}, b"x" * 1000)
    server.pages["/1001"] = (200, {}, b"x" * 1001)
    with allowing(server):
        assert len(wire.get(server.url("/1000"), max_bytes=1000).body) == 1000
        with pytest.raises(TooLarge) as failed:
            wire.get(server.url("/1001"), max_bytes=1000)
    assert failed.value.code == "too_large"


def test_a_body_without_end_is_cut_off(server):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        while not server.done.is_set():
            handler.wfile.write(b"x" * 65536)

    server.scripts["/"] = endless
    with allowing(server), pytest.raises(TooLarge):
        wire.get(server.url())


def test_a_packed_body_is_unpacked(server):
    server.pages["/gzip"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"hello" * 100))
    server.pages["/deflate"] = (200, {"Content-Encoding": "Deflate"}, zlib.compress(b"hello"))
    server.pages["/empty"] = (200, {"Content-Encoding": "gzip"}, b"")
    with allowing(server):
        assert wire.get(server.url("/gzip"), max_bytes=500).body == b"hello" * 100
        assert wire.get(server.url("/deflate")).body == b"hello"
        assert wire.get(server.url("/empty")).body == b""


def test_a_small_archive_of_a_large_body_is_too_large(server):
    bomb = gzip.compress(b"\0" * 50_000_000)
    server.pages["/"] = (200, {"Content-Encoding": "gzip"}, bomb)
    assert len(bomb) < 60_000
    with allowing(server), pytest.raises(TooLarge):
        wire.get(server.url())


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
def test_an_encoding_that_was_not_asked_for_is_not_unpacked(server, encoding):
    server.pages["/"] = (200, {"Content-Encoding": encoding}, gzip.compress(gzip.compress(b"x")))
    with allowing(server), pytest.raises(Unreachable, match="encoding"):
        wire.get(server.url())


@pytest.mark.parametrize(
    "body", [b"not gzip at all", gzip.compress(b"hello" * 1000)[:-9]], ids=["other", "cut"]
)
def test_a_broken_archive_is_unreachable(server, body):
    server.pages["/"] = (200, {"Content-Encoding": "gzip"}, body)
    with allowing(server), pytest.raises(Unreachable):
        wire.get(server.url())


def saying(server, path, *pieces, pause=0.0):
    def speak(handler):
        for piece in pieces:
            handler.wfile.write(piece)
            handler.wfile.flush()
            server.done.wait(pause)
        handler.close_connection = True

    server.scripts[path] = speak


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
    ],
    ids=["nothing", "another protocol", "cut short", "endless header"],
)
def test_an_answer_that_is_no_http_is_unreachable(server, answer):
    saying(server, "/", answer)
    with allowing(server), pytest.raises(Unreachable):
        wire.get(server.url())


@pytest.mark.parametrize(
    "pieces",
    [
        [b"", *[b"H"] * 99],
        [b"HTTP/1.1 200 OK\r\nA: ", *[b"a"] * 99],
        [b"HTTP/1.1 200 OK\r\n\r\n", *[b"a"] * 99],
        [b"HTTP/1.1 100 Continue\r\n\r\n"] * 99,
    ],
    ids=["silence", "header by drops", "body by drops", "for ever about to begin"],
)
def test_an_answer_by_drops_ends_at_the_deadline(server, pieces):
    saying(server, "/", *pieces, pause=0.1)
    begun = time.monotonic()
    with allowing(server), pytest.raises(TimedOut) as failed:
        wire.get(server.url(), timeout=0.4)
    assert 0.3 < time.monotonic() - begun < 2
    assert failed.value.code == "timed_out"


def test_redirects_share_one_deadline(server):
    for n in range(3):

        def slow(handler, n=n):
            server.done.wait(0.3)
            handler.reply(302, {"Location": f"/{n + 1}"}, b"")

        server.scripts[f"/{n}"] = slow
    with allowing(server), pytest.raises(TimedOut):
        wire.get(server.url("/0"), timeout=0.5)
    assert len(server.asked) == 2


def test_a_listener_that_reads_nothing_ends_at_the_deadline():
    with socket.create_server(("127.0.0.1", 0)) as deaf, pytest.raises(TimedOut):
        wire.post(
            f"http://127.0.0.1:{deaf.getsockname()[1]}/",
            content=b"x" * 30_000_000,
            timeout=0.4,
            allow_private=True,
        )


def test_a_resolver_that_does_not_answer_ends_at_the_deadline():
    late = threading.Event()
    with pytest.raises(TimedOut, match="not resolved in time"):
        wire.get("http://name.test/", timeout=0.2, resolve=lambda *_: late.wait(5) and [])
    late.set()


def test_nothing_waits_for_the_network_inside_an_action(server):
    token = actions._batch.set(actions.Batch(Scope("eu1", 7)))
    try:
        with pytest.raises(RuntimeError, match="inside an action"):
            wire.get(server.url(), allow_private=True)
    finally:
        actions._batch.reset(token)
    assert server.asked == []


def certificate(folder, name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    day = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(day - timedelta(days=1))
        .not_valid_after(day + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return path


@pytest.fixture
def secure(server, tmp_path, monkeypatch):
    path = certificate(tmp_path, "hooks.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server.names = []
    context.sni_callback = lambda _socket, name, _context: server.names.append(name)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # a caller who does not trust us hangs up
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    wire._trust.cache_clear()
    yield server
    wire._trust.cache_clear()


def test_tls_speaks_to_the_name_and_connects_to_the_checked_address(secure):
    with allowing(secure, hosts=["hooks.test"]):
        url = secure.url("/x", host="hooks.test", scheme="https")
        assert wire.get(url, resolve=lambda *_: ["127.0.0.1"]).status == 404
    assert secure.names == ["hooks.test"]


def test_a_certificate_of_another_name_is_unreachable(secure):
    with allowing(secure, hosts=["bank.test"]), pytest.raises(Unreachable, match="certificate"):
        wire.get(secure.url(host="bank.test", scheme="https"), resolve=lambda *_: ["127.0.0.1"])
    assert secure.asked == []


def test_a_redirect_does_not_go_from_https_to_http(secure, other):
    redirect(secure, "/", other.url("/"), 307)
    with (
        allowing(secure, other, hosts=["hooks.test", "127.0.0.1"]),
        pytest.raises(Forbidden, match="https to http"),
    ):
        wire.post(
            secure.url(host="hooks.test", scheme="https"), content=b"x", resolve=lambda *_: ["127.0.0.1"]
        )
    assert other.asked == []
