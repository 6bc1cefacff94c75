"""Who answers: agents, departments, and which agent works in which department as what."""

from django.db import models
from django.db.models import Q

from parley.accounts.models import Login
from parley.kernel import clock
from parley.kernel.actors import Actor
from parley.kernel.links import AccountForeignKey
from parley.kernel.numbers import PublicIdField
from parley.kernel.policies import NOTHING_PERSONAL, Policy
from parley.kernel.tenancy import AccountModel

DEFAULT_DEPARTMENT = "default"  # public id of General (API.md §4)


class Agent(AccountModel):
    """A person who answers tickets. Customers see the alias where one is set."""

    public_id = PublicIdField()
    name = models.CharField(max_length=100)
    alias = models.CharField(max_length=100, blank=True)
    login = AccountForeignKey(Login, models.SET_NULL, null=True)
    created_at = models.DateTimeField(default=clock.now)
    deleted_at = models.DateTimeField(null=True)

    data_policy = Policy(personal=("name", "alias"), erased="fields")

    class Meta(AccountModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["account", "public_id"], name="agent_public_id"),
            models.UniqueConstraint(fields=["account", "login"], name="agent_login"),
        ]
        indexes = [models.Index(fields=["account", "name"], name="agent_name")]

    @property
    def actor(self) -> Actor:
        return Actor("agent", self.pk)

    @property
    def shown_name(self) -> str:
        """What customers read."""
        return self.alias or self.name


class Department(AccountModel):
    """Where tickets are answered. One of each account is the default, General, and takes what fits nowhere."""

    public_id = PublicIdField()
    name = models.CharField(max_length=100)
    mail_name = models.CharField(max_length=64)  # local part of its address at the account's host
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    deleted_at = models.DateTimeField(null=True)

    data_policy = NOTHING_PERSONAL

    class Meta(AccountModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["account", "public_id"], name="department_public_id"),
            models.UniqueConstraint(
                fields=["account", "mail_name"],
                condition=Q(deleted_at=None),
                name="department_mail_name",
            ),
        ]
        indexes = [models.Index(fields=["account", "position"], name="department_position")]

    @property
    def is_default(self) -> bool:
        return self.public_id == DEFAULT_DEPARTMENT


class Membership(AccountModel):
    """An agent works in a department: reader sees, solver answers, supervisor also assigns others,
    manager also changes members and settings."""

    class Role(models.TextChoices):
        READER = "reader"
        SOLVER = "solver"
        SUPERVISOR = "supervisor"
        MANAGER = "manager"

    department = AccountForeignKey(Department, models.CASCADE, related_name="memberships")
    agent = AccountForeignKey(Agent, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.SOLVER)

    data_policy = Policy(erased="row")

    class Meta(AccountModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["account", "agent", "department"], name="one_membership")
        ]
        indexes = [models.Index(fields=["account", "department"], name="membership_department")]
