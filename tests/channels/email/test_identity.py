"""What we sign we know again, and nothing else passes for it."""

import pytest
from django.conf import settings
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from parley.channels.email import identity
from parley.kernel.numbers import LETTERS_AND_DIGITS
from parley.kernel.tenancy import Scope, entered

CODE, GROUP, HOST = "RWB-KLTNS-402", "abcd1234", "acme.localhost"
QUICK = hypothesis_settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def _an_account():
    with entered(Scope(settings.CELLS[0], 7)):
        yield


def test_our_own_message_id_gives_its_ticket_back():
    made = identity.message_id(CODE, GROUP, HOST)
    assert identity.code_of_message_id(made) == CODE
    assert identity.code_of_message_id(f"<{made}>") == CODE
    assert identity.code_of_message_id(made.upper()) == CODE


def test_our_own_answer_address_gives_its_ticket_back():
    made = identity.answer_address("support", CODE, HOST)
    assert made.startswith("support+rwb-kltns-402.")
    assert identity.code_of_address(made) == CODE
    assert identity.code_of_address(made.upper()) == CODE


def test_an_answer_address_fits_the_local_part_of_the_standard():
    made = identity.answer_address("a" * 64, CODE, HOST)
    assert len(made.partition("@")[0]) <= 64
    assert made.startswith("reply+")
    assert identity.code_of_address(made) == CODE


def test_what_one_account_signed_is_nothing_to_another():
    message_id, address = (
        identity.message_id(CODE, GROUP, HOST),
        identity.answer_address("support", CODE, HOST),
    )
    with entered(Scope(settings.CELLS[0], 8)):
        assert identity.code_of_message_id(message_id) is None
        assert identity.code_of_address(address) is None


def test_a_signature_of_an_address_is_none_of_a_message_id():
    signature = identity.answer_address("x", CODE, HOST).partition("@")[0].rpartition(".")[2]
    assert identity.code_of_message_id(f"{CODE}.{GROUP}.{signature}@{HOST}") is None


def test_a_message_id_signed_for_one_group_is_none_of_another():
    made = identity.message_id(CODE, GROUP, HOST)
    assert identity.code_of_message_id(made.replace(GROUP, "zzzz9999")) is None


@pytest.mark.parametrize("value", ["", "@", "+@", f"{CODE}@{HOST}", f"support@{HOST}", "a+b@c", "\x00"])
def test_what_bears_no_signature_is_nobodys(value):
    assert identity.code_of_message_id(value) is None
    assert identity.code_of_address(value) is None


@pytest.mark.parametrize("length", [1, 7, 15, 17, 32])
def test_a_signature_may_not_choose_its_length(length):
    for made, read in (
        (identity.message_id(CODE, GROUP, HOST), identity.code_of_message_id),
        (identity.answer_address("support", CODE, HOST), identity.code_of_address),
    ):
        head, _, signature = made.partition("@")[0].rpartition(".")
        assert read(f"{head}.{(signature * 2)[:length]}@{HOST}") is None


@QUICK
@given(place=st.integers(0, 200), letter=st.characters(codec="utf-8"), kind=st.sampled_from("ma"))
@example(place=0, letter="\u017f", kind="m")  # folds to s
@example(place=4, letter="\u212a", kind="a")  # folds to k
def test_no_change_of_code_group_or_signature_is_accepted(place, letter, kind):
    if kind == "m":
        made, read = identity.message_id(CODE, GROUP, HOST), identity.code_of_message_id
        begin = 0
    else:
        made, read = identity.answer_address("support", CODE, HOST), identity.code_of_address
        begin = len("support+")
    signed = made.partition("@")[0][begin:]
    place %= len(signed)
    changed = signed[:place] + letter + signed[place + 1 :]
    found = read(f"{made[:begin]}{changed}@{HOST}")
    assert found == (CODE if changed.isascii() and changed.lower() == signed else None)


@QUICK
@given(
    signature=st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=1, max_size=40),
    group=st.text(LETTERS_AND_DIGITS, min_size=8, max_size=8),
)
def test_no_invented_signature_is_accepted(signature, group):
    assert identity.code_of_message_id(f"{CODE}.{group}.{signature}@{HOST}") is None
    assert identity.code_of_address(f"support+{CODE}.{signature}@{HOST}") is None
