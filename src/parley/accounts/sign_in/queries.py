"""Whose session a secret opens, and what a mailed key is still good for."""

from django.db.models import QuerySet

from parley.accounts.models import Login, MailedKey, Session
from parley.kernel import clock
from parley.kernel.secrets import digest


def session(secret: str) -> Session | None:
    """The living session a cookie opens, with its login."""
    if not secret:
        return None
    living = Session.objects.select_related("login").filter(digest=digest(secret))
    return living.filter(expires_at__gt=clock.now(), login__state=Login.State.ACTIVE).first()


def sessions_of(login: Login) -> QuerySet[Session]:
    """Signed-in browsers, the latest first."""
    return Session.objects.filter(login=login, expires_at__gt=clock.now()).order_by(
        "-last_seen_at", "-id"
    )


def login_by_email(email: str) -> Login | None:
    return Login.objects.filter(email=email.strip().lower()).exclude(state=Login.State.DELETED).first()


def mailed_key(secret: str, purpose: str) -> MailedKey | None:
    """The key if it may still be used. Used, expired, of another account: None."""
    found = MailedKey.objects.select_related("login").filter(
        digest=digest(secret), purpose=purpose, used_at=None, expires_at__gt=clock.now()
    )
    return found.exclude(login__state=Login.State.DELETED).first()
