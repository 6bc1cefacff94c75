"""What jobs and reactors of the tests did, one row each time: a second time would show."""

from django.db import models

from parley.kernel.policies import NOTHING_PERSONAL
from parley.kernel.tenancy import AccountModel


class Effect(AccountModel):
    kind = models.CharField(max_length=20)
    n = models.IntegerField()

    data_policy = NOTHING_PERSONAL

    class Meta(AccountModel.Meta):
        indexes = [models.Index(fields=["account", "kind"], name="effect_kind")]
