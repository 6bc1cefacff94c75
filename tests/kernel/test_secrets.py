import hashlib
import re
import string

import pytest
from django.core.exceptions import FieldError
from django.db import connection, models
from django.test.utils import isolate_apps, override_settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from parley.kernel import secrets
from parley.kernel.secrets import EncryptedTextField, Undecipherable

ARGON2 = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.MD5PasswordHasher",
]
before = override_settings(SECRET_KEY="old key", SECRET_KEY_FALLBACKS=[])
after = override_settings(SECRET_KEY="new key", SECRET_KEY_FALLBACKS=["old key"])
forgotten = override_settings(SECRET_KEY="new key", SECRET_KEY_FALLBACKS=[])
texts = st.text(st.characters(exclude_categories=["Cs"]))


@hypothesis_settings(deadline=None, max_examples=50)
@given(texts, texts, st.none() | st.integers(0, 2**63))
def test_what_was_encrypted_comes_back(plain, purpose, account):
    token = secrets.encrypt(plain, purpose=purpose, account=account)
    assert secrets.decrypt(token, purpose=purpose, account=account) == plain
    assert re.fullmatch(r"p1\.[A-Za-z0-9_-]+", token)


def test_bytes_come_back_as_bytes_and_not_as_text():
    token = secrets.encrypt(b"\xff\x00", purpose="p")
    assert secrets.decrypt_bytes(token, purpose="p") == b"\xff\x00"
    with pytest.raises(Undecipherable):
        secrets.decrypt(token, purpose="p")


def test_the_same_text_is_encrypted_to_another_token_each_time():
    tokens = {secrets.encrypt("hunter2", purpose="p") for _ in range(20)}
    assert len(tokens) == 20
    assert not [each for each in tokens if "hunter2" in each]


def test_a_token_opens_for_its_purpose_and_account_only():
    token = secrets.encrypt("x", purpose="mailbox", account=7)
    assert secrets.decrypt(token, purpose="mailbox", account=7) == "x"
    for purpose, account in [
        ("mailbox", 8),
        ("mailbox", None),
        ("mailbo", 7),
        ("oauth", 7),
        ("mailbox7", None),
    ]:
        with pytest.raises(Undecipherable):
            secrets.decrypt(token, purpose=purpose, account=account)
    with pytest.raises(Undecipherable):
        secrets.decrypt(secrets.encrypt("x", purpose="mailbox"), purpose="mailbox", account=0)


def test_no_character_of_a_token_can_be_changed():
    token = secrets.encrypt("secret", purpose="p")
    for at in range(len(token) - 1):  # the last may hold bits of padding
        other = "A" if token[at] != "A" else "B"
        with pytest.raises(Undecipherable):
            secrets.decrypt(token[:at] + other + token[at + 1 :], purpose="p")


@pytest.mark.parametrize(
    "token", ["", ".", "p1.", "p1.AAAA", "p2.AAAA", "p1.%%%%", "p1." + "A" * 64, "é", "p1.é"]
)
def test_what_is_no_token_is_said_to_be_none(token):
    with pytest.raises(Undecipherable):
        secrets.decrypt(token, purpose="p")


@given(st.text())
@hypothesis_settings(deadline=None, max_examples=50)
def test_noise_is_undecipherable(noise):
    with pytest.raises(Undecipherable):
        secrets.decrypt(noise, purpose="p")


def test_a_truncated_token_is_refused():
    token = secrets.encrypt("secret", purpose="p")
    for length in range(len(token)):
        with pytest.raises(Undecipherable):
            secrets.decrypt(token[:length], purpose="p")


def test_a_former_key_decrypts_until_it_is_taken_away():
    with before:
        token = secrets.encrypt("x", purpose="p")
        assert secrets.is_current(token, purpose="p")
    with after:
        assert secrets.decrypt(token, purpose="p") == "x"
        assert not secrets.is_current(token, purpose="p")
        renewed = secrets.encrypt(secrets.decrypt(token, purpose="p"), purpose="p")
    with forgotten:
        assert secrets.decrypt(renewed, purpose="p") == "x"
        with pytest.raises(Undecipherable):
            secrets.decrypt(token, purpose="p")


def test_a_signature_is_short_and_survives_folded_case():
    made = secrets.sign("reply", 7, "ABC-1")
    assert re.fullmatch(r"[a-z2-7]{16}", made)
    assert secrets.verify(made, "reply", 7, "ABC-1")
    assert secrets.verify(made.upper(), "reply", "7", "ABC-1")
    assert secrets.sign("reply", 7, "ABC-1") == made


def test_a_signature_holds_for_its_purpose_and_parts_only():
    made = secrets.sign("reply", "ab", "c")
    for purpose, parts in [
        ("other", ("ab", "c")),
        ("reply", ("a", "bc")),
        ("reply", ("abc",)),
        ("reply", ()),
    ]:
        assert not secrets.verify(made, purpose, *parts)
    assert not secrets.verify(made[:-1], "reply", "ab", "c")
    assert not secrets.verify("", "reply", "ab", "c")
    assert not secrets.verify("é" * 16, "reply", "ab", "c")
    assert not secrets.verify("\ud800" * 16, "reply", "ab", "c")


def test_who_presents_a_signature_does_not_choose_its_length():
    assert not secrets.verify(secrets.sign("p", 1, length=8), "p", 1)
    assert secrets.verify(secrets.sign("p", 1, length=51), "p", 1, length=51)
    for length in (0, 7, 52, -1):
        with pytest.raises(ValueError, match="8 to 51"):
            secrets.sign("p", 1, length=length)


def test_a_signature_of_a_former_key_holds_until_it_is_taken_away():
    with before:
        made = secrets.sign("p", 1)
    with after:
        assert secrets.verify(made, "p", 1)
        assert secrets.sign("p", 1) != made
    with forgotten:
        assert not secrets.verify(made, "p", 1)


def test_signing_and_encrypting_have_different_keys():
    keys = {
        next(secrets._keys(use, "p", account)) for use in ("sign", "encrypt") for account in (None, 1, 2)
    }
    assert len(keys) == 6


def test_tokens_are_long_and_stored_as_digests():
    tokens = {secrets.token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(each) for each in tokens} == {43}
    assert set("".join(tokens)) <= set(string.ascii_letters + string.digits + "-_")
    assert secrets.digest("abc") == hashlib.sha256(b"abc").hexdigest()


@override_settings(PASSWORD_HASHERS=ARGON2)
def test_a_password_is_checked_and_rehashed_when_its_hash_is_old():
    hashed = secrets.hash_password("Käse und Brot")
    assert hashed.startswith("argon2$argon2id$")
    assert secrets.check_password("Käse und Brot", hashed) == (True, False)
    assert secrets.check_password("Käse und brot", hashed) == (False, False)
    with override_settings(PASSWORD_HASHERS=ARGON2[::-1]):
        old = secrets.hash_password("Käse und Brot")
    assert secrets.check_password("Käse und Brot", old) == (True, True)
    assert secrets.check_password("wrong", old) == (False, False)


@override_settings(PASSWORD_HASHERS=ARGON2)
@pytest.mark.parametrize("hashed", ["", "!unusable", "gibberish", "argon2$"])
def test_a_hash_that_is_none_fits_no_password(hashed):
    assert secrets.check_password("", hashed) == (False, False)


def test_an_unknown_user_costs_one_hash(monkeypatch):
    worked = []

    class Counting(secrets.hashers.MD5PasswordHasher):
        def encode(self, password, salt):
            worked.append(password)
            return super().encode(password, salt)

    monkeypatch.setattr(secrets.hashers, "get_hasher", lambda *_: Counting())
    secrets.dummy_check("guess")
    assert worked == ["guess"]


@pytest.fixture
def vault(db):
    with isolate_apps("parley.kernel"):

        class Vault(models.Model):
            secret = EncryptedTextField(null=True)
            other = EncryptedTextField(default="")

            class Meta:
                app_label = "kernel"

        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE kernel_vault (id integer, secret text, other text)")
        yield Vault
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE kernel_vault")


def stored(column):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM kernel_vault")
        return cursor.fetchone()[0]


def test_a_field_is_plain_in_python_and_ciphertext_in_the_database(vault):
    vault._base_manager.bulk_create([vault(id=1, secret="geheim", other="")])
    row = vault._base_manager.get()
    assert (row.secret, row.other) == ("geheim", "")
    assert stored("secret").startswith("p1.") and stored("other").startswith("p1.")
    vault._base_manager.update(secret=None)
    assert vault._base_manager.get(secret__isnull=True).secret is None


def test_a_field_does_not_show_its_secret(vault):
    vault._base_manager.bulk_create([vault(id=1, secret="geheim")])
    for row in (vault(secret="geheim"), vault._base_manager.get()):
        assert "geheim" not in repr(row.secret) + repr(vars(row)) + repr([row.secret])
    assert "geheim" not in repr(vault._base_manager.values_list("secret").get())


def test_a_ciphertext_moved_to_another_column_does_not_open(vault):
    vault._base_manager.bulk_create([vault(id=1, secret="geheim")])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_vault SET other = secret")
    with pytest.raises(Undecipherable):
        vault._base_manager.get()


@pytest.mark.parametrize("lookup", ["secret", "secret__contains", "secret__in", "secret__gt"])
def test_a_secret_cannot_be_searched(vault, lookup):
    with pytest.raises(FieldError):
        vault._base_manager.filter(**{lookup: "geheim"}).exists()


def test_the_field_can_be_written_into_a_migration(vault):
    assert vault._meta.get_field("secret").deconstruct()[1:] == (
        "parley.kernel.secrets.EncryptedTextField",
        [],
        {"null": True},
    )
