"""Those who ask: known by their address, by a name that is learnt and never overwritten."""

from parley.desk.contacts import actions, queries
from parley.desk.contacts.models import Contact, ContactAddress
from parley.kernel.actors import SYSTEM
from parley.kernel.cells import account_scope
from parley.kernel.events import StoredEvent


def known(email, name=""):
    return actions.known_as(email, name=name, by=SYSTEM)


def added():
    return [e.data["contact"] for e in StoredEvent.objects.filter(name="contact.added").order_by("seq")]


def test_the_first_sight_makes_a_contact_and_the_second_finds_it(world):
    mette = known("mette@customer.example", "Mette Holm")
    again = known("mette@customer.example", "Someone Else")
    assert again == mette and again.name == "Mette Holm"
    assert added() == [mette.pk]
    assert (Contact.objects.count(), ContactAddress.objects.count()) == (1, 1)


def test_a_name_is_learnt_when_there_was_none(world):
    nameless = known("mette@customer.example")
    assert nameless.name == ""
    assert known("mette@customer.example", "Mette Holm").name == "Mette Holm"
    assert Contact.objects.get().name == "Mette Holm"


def test_answers_go_to_the_first_address(world):
    mette = known("mette@customer.example")
    ContactAddress.objects.create(contact=mette, email="work@customer.example", position=1)
    assert queries.main_address(mette) == "mette@customer.example"
    assert queries.takes_part("work@customer.example") == mette
    assert queries.takes_part("nobody@customer.example") is None
    ContactAddress.objects.all().delete()
    assert queries.main_address(mette) == ""


def test_a_person_is_another_to_each_account(world, intruder):
    mine = known("mette@customer.example")
    with account_scope(intruder.pk):
        assert queries.takes_part("mette@customer.example") is None
        theirs = known("mette@customer.example")
    assert theirs.pk != mine.pk


def test_a_name_of_any_length_is_cut(world):
    assert len(known("a@customer.example", "x" * 999).name) == 200
