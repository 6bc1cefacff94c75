"""Who: an account, the people who sign in to it, their sessions and the keys they get by mail."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from parley.kernel import clock
from parley.kernel.links import AccountForeignKey
from parley.kernel.policies import NOTHING_PERSONAL, Policy
from parley.kernel.tenancy import AccountModel, Scoped


class Account(Scoped):
    """The account in its cell. Its number is the directory's; it is fenced like its rows."""

    owner: ClassVar[str] = "id"
    data_policy = NOTHING_PERSONAL
    id = models.BigIntegerField(primary_key=True, db_column="account_id")
    name = models.CharField(max_length=80, blank=True)
    address = models.CharField(max_length=63)  # its name in front of the base domain
    language = models.CharField(max_length=10, default="en")
    time_zone = models.CharField(max_length=40, default="UTC")
    created_at = models.DateTimeField(default=clock.now)


class Login(AccountModel):
    """What one person signs in with. Invited until a password is chosen."""

    class Role(models.TextChoices):
        OWNER = "owner"
        ADMIN = "admin"
        AGENT = "agent"

    class State(models.TextChoices):
        INVITED = "invited"
        ACTIVE = "active"
        DELETED = "deleted"

    email = models.EmailField()  # lower case
    password = models.CharField(max_length=200, blank=True)  # argon2
    role = models.CharField(max_length=10, choices=Role, default=Role.AGENT)
    state = models.CharField(max_length=10, choices=State, default=State.INVITED)
    language = models.CharField(max_length=10, blank=True)  # empty: the account's
    time_zone = models.CharField(max_length=40, blank=True)  # empty: the account's
    created_at = models.DateTimeField(default=clock.now)
    password_changed_at = models.DateTimeField(null=True)

    data_policy = Policy(personal=("email", "password", "language", "time_zone"), erased="fields")

    class Meta(AccountModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["account", "email"], condition=~Q(state="deleted"), name="login_email"
            ),
            models.UniqueConstraint(
                fields=["account"], condition=Q(role="owner") & ~Q(state="deleted"), name="one_owner"
            ),
        ]
        indexes = [models.Index(fields=["account", "email"], name="login_by_email")]

    @property
    def administers(self) -> bool:
        """May manage people, departments and settings."""
        return self.role in (self.Role.OWNER, self.Role.ADMIN)


class Session(AccountModel):
    """A signed-in browser. The cookie is a secret, so only its digest is stored."""

    digest = models.CharField(max_length=64)
    login = AccountForeignKey(Login, models.CASCADE)
    created_at = models.DateTimeField(default=clock.now)
    last_seen_at = models.DateTimeField(default=clock.now)  # to within some minutes
    expires_at = models.DateTimeField()
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)

    data_policy = Policy(personal=("ip", "user_agent"), erased="row", exported="no", why="secrets")

    class Meta(AccountModel.Meta):
        constraints = [models.UniqueConstraint(fields=["account", "digest"], name="session_digest")]
        indexes = [models.Index(fields=["account", "login"], name="session_login")]


class MailedKey(AccountModel):
    """A secret sent by mail that lets its holder choose a password, once and for a while."""

    class Purpose(models.TextChoices):
        INVITATION = "invitation"
        RESET = "reset"

    digest = models.CharField(max_length=64)
    purpose = models.CharField(max_length=10, choices=Purpose)
    login = AccountForeignKey(Login, models.CASCADE)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    data_policy = Policy(erased="row", exported="no", why="secrets")

    class Meta(AccountModel.Meta):
        constraints = [models.UniqueConstraint(fields=["account", "digest"], name="mailed_key_digest")]
