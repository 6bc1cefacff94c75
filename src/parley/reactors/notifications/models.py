"""What agents are told of."""

from django.db import models

from parley.kernel import clock
from parley.kernel.links import AccountForeignKey
from parley.kernel.policies import NOTHING_PERSONAL
from parley.kernel.tenancy import AccountModel


class Notification(AccountModel):
    """It points, as events do; the sentence is made when it is shown, in the reader's language."""

    agent = AccountForeignKey("team.Agent", models.CASCADE)
    event_seq = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    subject = models.CharField(max_length=60)
    created_at = models.DateTimeField(default=clock.now)

    data_policy = NOTHING_PERSONAL

    class Meta(AccountModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["account", "agent", "event_seq"], name="one_notification")
        ]
