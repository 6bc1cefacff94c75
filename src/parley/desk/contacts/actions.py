"""Everything that can be done to contacts."""

from parley.kernel.actions import action, emit
from parley.kernel.actors import Actor

from .events import ContactAdded
from .models import Contact, ContactAddress


@action
def known_as(email: str, *, name: str = "", by: Actor) -> Contact:
    """The contact with this (normalised) address, made at first sight. A name is learnt, never overwritten."""
    address = ContactAddress.objects.select_related("contact").filter(email=email).first()
    if address is None:
        contact = Contact.objects.create(name=name[:200])
        ContactAddress.objects.create(contact=contact, email=email)
        emit(ContactAdded(contact.pk), by=by)
        return contact
    contact = address.contact
    if name and not contact.name:
        contact.name = name[:200]
        contact.save(update_fields=["name"])
    return contact
