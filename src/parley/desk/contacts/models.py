"""Who asks: contacts, and the addresses by which they are known. An address belongs to one contact."""

from django.db import models

from parley.kernel import clock
from parley.kernel.links import AccountForeignKey
from parley.kernel.numbers import PublicIdField
from parley.kernel.policies import Policy
from parley.kernel.tenancy import AccountModel


class Contact(AccountModel):
    public_id = PublicIdField()
    name = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=10, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    data_policy = Policy(personal=("name", "language"), erased="row")

    class Meta(AccountModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["account", "public_id"], name="contact_public_id")
        ]


class ContactAddress(AccountModel):
    """An e-mail address, as it is matched: see channels/email/addresses.normalise."""

    contact = AccountForeignKey(Contact, models.CASCADE, related_name="addresses")
    email = models.CharField(max_length=254)
    position = models.PositiveSmallIntegerField(default=0)  # 0: where answers go

    data_policy = Policy(personal=("email",), erased="row")

    class Meta(AccountModel.Meta):
        constraints = [models.UniqueConstraint(fields=["account", "email"], name="contact_address")]
        indexes = [models.Index(fields=["account", "contact", "position"], name="address_of_contact")]
