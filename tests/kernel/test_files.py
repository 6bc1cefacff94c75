import contextlib
import fcntl
import hashlib
import io
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.test.utils import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from parley.kernel import files
from parley.kernel.files import S3, FileMissing, Folder, Stored, safe_name, safe_type
from parley.kernel.files_s3 import Bucket

HELLO = b"hello"
HELLO_DIGEST = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
OTHER_DIGEST = "0" * 64


@contextlib.contextmanager
def bucket(name="parley-files"):
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        made = Bucket(name, "some/prefix", region="us-east-1")
        made._client.create_bucket(Bucket=name)
        yield made


@pytest.fixture(params=["folder", "s3"])
def store(request, tmp_path):
    if request.param == "folder":
        yield Folder(tmp_path / "files")
    else:
        with bucket() as made:
            yield S3(made)


def read(store, *place):
    with store.open(*place) as file:
        return file.read()


def test_what_is_put_can_be_opened(store):
    assert store.put("eu1", 7, HELLO) == Stored(HELLO_DIGEST, 5)
    assert read(store, "eu1", 7, HELLO_DIGEST) == HELLO
    with store.open("eu1", 7, HELLO_DIGEST) as file:
        file.seek(3)
        assert file.read() == b"lo"


def test_a_stream_is_stored_in_pieces(store):
    content = os.urandom(3_000_000)
    stored = store.put("eu1", 7, io.BytesIO(content))
    assert stored == Stored(hashlib.sha256(content).hexdigest(), 3_000_000)
    assert read(store, "eu1", 7, stored.sha256) == content


def test_an_empty_file_is_a_file(store):
    stored = store.put("eu1", 7, b"")
    assert (stored.size, read(store, "eu1", 7, stored.sha256)) == (0, b"")


def test_the_same_content_twice_is_one_file(store):
    assert store.put("eu1", 7, HELLO) == store.put("eu1", 7, io.BytesIO(HELLO))
    assert list(store.export("eu1", 7)) == [HELLO_DIGEST]
    assert store.usage("eu1", 7) == 5


def test_accounts_and_cells_share_nothing(store):
    store.put("eu1", 7, HELLO)
    for cell, account in [("eu1", 8), ("eu1", 77), ("us1", 7)]:
        assert not store.exists(cell, account, HELLO_DIGEST)
        assert (store.usage(cell, account), list(store.export(cell, account))) == (0, [])
        with pytest.raises(FileMissing):
            store.open(cell, account, HELLO_DIGEST)
        store.delete(cell, account, HELLO_DIGEST)
    assert store.exists("eu1", 7, HELLO_DIGEST)


def test_an_account_whose_number_begins_with_anothers_is_another(store):
    store.put("eu1", 77, HELLO)
    assert (store.usage("eu1", 7), list(store.export("eu1", 7))) == (0, [])


def test_what_is_deleted_is_gone_and_may_be_deleted_again(store):
    store.put("eu1", 7, HELLO)
    kept = store.put("eu1", 7, b"kept").sha256
    store.delete("eu1", 7, HELLO_DIGEST)
    store.delete("eu1", 7, HELLO_DIGEST)
    assert not store.exists("eu1", 7, HELLO_DIGEST)
    assert (store.usage("eu1", 7), list(store.export("eu1", 7))) == (4, [kept])
    with pytest.raises(FileMissing):
        store.open("eu1", 7, HELLO_DIGEST)
    store.put("eu1", 7, HELLO)
    assert read(store, "eu1", 7, HELLO_DIGEST) == HELLO


def test_the_export_is_complete_and_in_order(store):
    digests = sorted(store.put("eu1", 7, b"%d" % n).sha256 for n in range(30))
    assert list(store.export("eu1", 7)) == digests


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "../../etc/passwd",
        "..",
        "/" + "a" * 63,
        HELLO_DIGEST.upper(),
        HELLO_DIGEST + "\n",
        "a" * 65,
        "a/" * 32,
    ],
)
def test_a_digest_is_no_path(store, digest):
    for act in (store.open, store.exists, store.delete):
        with pytest.raises(ValueError, match="SHA-256"):
            act("eu1", 7, digest)


@pytest.mark.parametrize(
    ("cell", "account"),
    [("..", 7), ("eu1/x", 7), ("", 7), (".new", 7), ("eu1", "7"), ("eu1", -1), ("eu1", True)],
)
def test_a_place_outside_the_store_is_refused(store, cell, account):
    for act in (
        lambda: store.put(cell, account, HELLO),
        lambda: store.open(cell, account, HELLO_DIGEST),
        lambda: store.usage(cell, account),
        lambda: list(store.export(cell, account)),
    ):
        with pytest.raises(ValueError, match="no place for files"):
            act()


class Breaking(io.BytesIO):
    def read(self, size=-1):
        raise ConnectionError("the sender hung up")


def test_a_stream_that_breaks_leaves_nothing(store, tmp_path):
    with pytest.raises(ConnectionError):
        store.put("eu1", 7, Breaking())
    assert list(store.export("eu1", 7)) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_file_lies_under_its_digest_and_is_nobody_elses_to_read(tmp_path):
    Folder(tmp_path).put("eu1", 7, HELLO)
    path = tmp_path / "eu1" / "7" / "2c" / HELLO_DIGEST[2:]
    assert path.read_bytes() == HELLO
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list((tmp_path / "eu1" / ".new").iterdir()) == []


def test_putting_a_file_again_heals_one_the_disk_has_damaged(tmp_path):
    store = Folder(tmp_path)
    store.put("eu1", 7, HELLO)
    (tmp_path / "eu1" / "7" / "2c" / HELLO_DIGEST[2:]).write_bytes(b"hel")
    store.put("eu1", 7, HELLO)
    assert read(store, "eu1", 7, HELLO_DIGEST) == HELLO


def test_file_and_folders_are_synced_before_put_returns(tmp_path, monkeypatch):
    synced, real = [], os.fsync

    def noted(number):
        synced.append(str(Path(f"/proc/self/fd/{number}").readlink()))
        real(number)

    monkeypatch.setattr(os, "fsync", noted)
    Folder(tmp_path).put("eu1", 7, HELLO)
    home = tmp_path / "eu1"
    assert synced[-1] == str(home / "7" / "2c")
    assert [each for each in synced if Path(each).parent == home / ".new"]
    assert {str(tmp_path), str(home), str(home / "7")} <= set(synced)


DIES_WRITING = """
import os, sys
from parley.kernel.files import Folder
class Dying:
    pieces = [b"half "]
    def read(self, size):
        return self.pieces.pop() if self.pieces else os._exit(9)
Folder(sys.argv[1]).put("eu1", 7, Dying())
"""
DIES_BEFORE_RENAME = """
import os, sys
from pathlib import Path
from parley.kernel.files import Folder
Path.replace = lambda *_: os._exit(9)
Folder(sys.argv[1]).put("eu1", 7, b"whole")
"""


@pytest.mark.parametrize("script", [DIES_WRITING, DIES_BEFORE_RENAME], ids=["writing", "before rename"])
def test_a_writer_that_dies_leaves_no_file_and_its_remains_are_swept(tmp_path, script):
    died = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], env={**os.environ, "PYTHONPATH": "src"}
    )
    assert died.returncode == 9
    store = Folder(tmp_path)
    assert (list(store.export("eu1", 7)), store.usage("eu1", 7)) == ([], 0)
    assert len(list((tmp_path / "eu1" / ".new").iterdir())) == 1
    assert (store.sweep("eu1"), store.sweep("eu1")) == (1, 0)
    assert list((tmp_path / "eu1" / ".new").iterdir()) == []


def test_a_sweep_spares_a_writer_at_work(tmp_path):
    store, begun, go_on = Folder(tmp_path), threading.Event(), threading.Event()

    class Slow:
        pieces = [b"", b"slow"]

        def read(self, size):
            if len(self.pieces) == 1:
                begun.set()
                go_on.wait(10)
            return self.pieces.pop()

    writer = threading.Thread(target=store.put, args=("eu1", 7, Slow()))
    writer.start()
    assert begun.wait(10)
    assert store.sweep("eu1") == 0
    go_on.set()
    writer.join(10)
    assert store.usage("eu1", 7) == 4


def test_a_draft_swept_before_it_was_locked_is_begun_again(tmp_path, monkeypatch):
    store, real, swept = Folder(tmp_path), fcntl.flock, []

    def late(draft, how):
        if not swept:
            swept.append(1)
            for path in (tmp_path / "eu1" / ".new").iterdir():
                path.unlink()
        return real(draft, how)

    monkeypatch.setattr(fcntl, "flock", late)
    store.put("eu1", 7, HELLO)
    assert (swept, read(store, "eu1", 7, HELLO_DIGEST)) == ([1], HELLO)


PUTS_MANY = """
import sys
from parley.kernel.files import Folder
for n in range(60):
    Folder(sys.argv[1]).put("eu1", 7, b"%d" % (n % 6) * 100_000)
"""


def test_processes_that_write_the_same_files_at_once_agree(tmp_path):
    command = [sys.executable, "-c", PUTS_MANY, str(tmp_path)]
    writers = [subprocess.Popen(command, env={**os.environ, "PYTHONPATH": "src"}) for _ in range(3)]
    store = Folder(tmp_path)
    while any(each.poll() is None for each in writers):
        for digest in store.export("eu1", 7):  # whatever can be seen is whole
            assert hashlib.sha256(read(store, "eu1", 7, digest)).hexdigest() == digest
    assert [each.returncode for each in writers] == [0, 0, 0]
    assert (len(list(store.export("eu1", 7))), store.usage("eu1", 7)) == (6, 600_000)


def test_a_bucket_lists_more_than_a_page(tmp_path):
    with bucket() as made:
        made._client.put_object(Bucket=made.name, Key="elsewhere/eu1/7/ab/cd", Body=b"x")
        for n in range(1010):
            made._client.put_object(
                Bucket=made.name, Key=f"some/prefix/eu1/7/{n:064x}"[:28] + f"/{n}", Body=b"xy"
            )
        assert S3(made).usage("eu1", 7) == 2020


def test_a_bucket_that_is_not_there_is_not_an_absent_file():
    with bucket() as made:
        gone = S3(Bucket("no-such-bucket", region="us-east-1"))
        with pytest.raises(made._refused, match="NoSuchBucket"):
            gone.put("eu1", 7, HELLO)


def test_the_setting_says_where_files_are(tmp_path):
    with override_settings(FILES=str(tmp_path)):
        assert files.storage().root == tmp_path
        assert files.storage() is files.storage()
    with override_settings(FILES=tmp_path / "other"):
        assert files.storage().root == tmp_path / "other"
    with (
        bucket(),
        override_settings(FILES="s3://parley/a/b/?region=eu-west-1&endpoint=https://s3.example.test"),
    ):
        found = files.storage().bucket
        assert (found.name, found.prefix) == ("parley", "a/b/")
        assert found._client.meta.endpoint_url == "https://s3.example.test"
        assert found._client.meta.region_name == "eu-west-1"
    with override_settings(FILES="s3://parley?secret=x"), pytest.raises(ValueError, match="secret"):
        files.storage()


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(40)
SHOWN = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(40),
    "image/gif": b"GIF89a\1\0\1\0" + bytes(40),
    "image/webp": b"RIFF\x24\0\0\0WEBPVP8 " + bytes(40),
    "image/avif": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(40),
    "application/pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
}


@pytest.mark.parametrize(("kind", "head"), SHOWN.items(), ids=SHOWN)
@pytest.mark.parametrize("claimed", ["", "text/html", "application/javascript", "image/svg+xml"])
def test_pictures_and_pdf_are_known_by_their_content(kind, head, claimed):
    assert safe_type(claimed, "evil.html", head) == (kind, True)


@pytest.mark.parametrize(
    ("claimed", "name", "head"),
    [
        ("text/html", "a.html", b"<!DOCTYPE html><script>alert(1)</script>"),
        ("image/png", "a.png", b"<!DOCTYPE html><script>alert(1)</script>"),
        ("image/svg+xml", "a.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        (
            "application/xhtml+xml",
            "a",
            b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>",
        ),
        ("text/xml", "a.xml", b"<a/>"),
        ("text/javascript", "a.js", b"alert(1)"),
        ("text/plain", "a.html", b"harmless words"),
        ("text/plain", "a.svg", b"harmless words"),
        ("text/plain", "a.txt", b"  <HTML><body>"),
        ("text/plain", "a.txt", b"MZ\x90\0\x03\0\0\0"),
        ("text/plain", "a.txt", b"caf\xe9 in Latin-1, of which nobody knows"),
        ("application/pdf", "a.pdf", b"not a pdf"),
        ("image/bmp", "a.bmp", b"BM" + bytes(50)),
        ("image/heic", "a.heic", b"\0\0\0\x18ftypheic\0\0\0\0" + bytes(20)),
        ("application/zip", "a.zip", b"PK\3\4\x14" + bytes(30)),
        ("audio/wav", "a.wav", b"RIFF\x24\0\0\0WAVEfmt " + bytes(30)),
        ("image/png", "a.png", b""),
        ("text/html;charset=utf-7", "a.txt", b"+ADw-script+AD4-"),
        ("nonsense", "", b"\xff\xfe"),
    ],
)
def test_all_the_rest_is_a_download_without_a_type(claimed, name, head):
    assert safe_type(claimed, name, head) == ("application/octet-stream", False)


@pytest.mark.parametrize(
    ("claimed", "name", "head"),
    [
        ("text/plain", "notes.TXT", "Grüße\r\n\tund Tee".encode()),
        ("Text/Plain; charset=utf-16", "notes", b"words"),
        ("text/csv", "a.csv", b"a;b\n1;2"),
        ("text/plain", "a.txt", b"BM is a word, too"),
        ("text/plain", "a.txt", ("x" * 99 + "ü").encode()[:-1]),
        ("text/plain", "empty.txt", b""),
    ],
)
def test_text_is_shown_as_utf_8(claimed, name, head):
    assert safe_type(claimed, name, head) == ("text/plain; charset=utf-8", True)


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=20), st.text(max_size=20), st.binary(max_size=100))
def test_no_file_is_ever_shown_as_something_else(claimed, name, head):
    kind, shown = safe_type(claimed, name, head)
    assert kind in {*SHOWN, "text/plain; charset=utf-8", "application/octet-stream"}
    assert shown == (kind != "application/octet-stream")


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\Rechnung März.pdf", "Rechnung März.pdf"),
        ("請求書.xlsx", "請求書.xlsx"),
        ("Re\u0301sume\u0301.doc", "Résumé.doc"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\u200b\ufeff\u2066b.txt", "ab.txt"),
        ("a\r\nSet-Cookie: x.txt", "a Set-Cookie_ x.txt"),
        ("a\0b.txt", "ab.txt"),
        ('a<b>"c"|d?*.txt', "a_b__c__d__.txt"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("Com1.tar.gz", "_Com1.tar.gz"),
        ("console.txt", "console.txt"),
        (".htaccess", "htaccess"),
        ("...", "file"),
        ("", "file"),
        ("/", "file"),
        ("trailing. . .", "trailing"),
        ("\ud800x.txt", "x.txt"),
    ],
)
def test_a_name_is_made_safe(given_name, kept):
    assert safe_name(given_name) == kept


def test_a_long_name_keeps_its_extension_and_whole_characters():
    assert safe_name("x" * 500 + ".pdf") == "x" * 196 + ".pdf"
    assert safe_name("ü" * 500 + ".pdf") == "ü" * 98 + ".pdf"
    assert safe_name("a." + "b" * 500) == "a." + "b" * 198


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(), max_size=300))
def test_any_name_becomes_one_that_any_system_can_store(name):
    kept = safe_name(name)
    assert 0 < len(kept.encode()) <= 200
    assert not set(kept) & set('/\\<>:"|?*\0\r\n')
    assert kept.strip(". ") == kept
    assert safe_name(kept) == kept
