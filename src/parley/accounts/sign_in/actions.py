"""Signing in and out, inviting, and choosing a password by a key that came by mail.

Nouns: login, session, mailed key. What may fail: the password is wrong (said the same way whether or not
the login exists, after the same work), too many tries (throttle), the key was used or is too old.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from parley.accounts import events
from parley.accounts.models import Login, MailedKey, Session
from parley.kernel import clock, secrets, throttle
from parley.kernel.actions import Refusal, action, emit
from parley.kernel.actors import SYSTEM, Actor

from .queries import login_by_email, mailed_key

SESSION_LASTS = timedelta(days=14)
SEEN_EVERY = timedelta(minutes=5)
KEY_LASTS = {"invitation": timedelta(days=7), "reset": timedelta(hours=2)}
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 200


class WrongPassword(Refusal):
    code = "wrong_password"
    message = _("This e-mail address and password do not belong together.")


class KeyUsedUp(Refusal):
    code = "key_expired"
    message = _("This link has been used or is too old. Ask for a new one.")


class WeakPassword(Refusal):
    code = "weak_password"
    message = _(
        "A password has 10 to 200 characters and is not your e-mail address or a well-known one."
    )


class OldPasswordWrong(Refusal):
    code = "old_password_wrong"
    message = _("This is not your present password.")


class NotInvited(Refusal):
    code = "not_invited"
    message = _("This person has a password already and needs no invitation.")


class EmailTaken(Refusal):
    code = "email_taken"
    message = _("Somebody with this e-mail address is here already.")


class OneOwner(Refusal):
    code = "one_owner"
    message = _(
        "An account has exactly one owner, who cannot be removed or demoted; hand it over first."
    )


@dataclass(frozen=True)
class Browser:
    """Where somebody signs in from, as the request said."""

    ip: str | None = None
    user_agent: str = ""


def sign_in(email: str, password: str, *, browser: Browser) -> str:
    """Returns the secret for the cookie; it is not stored and cannot be had again.

    Raises WrongPassword, or throttle.TooMany after ten failures of one login or fifty of one address in
    a quarter of an hour.
    """
    email = email.strip().lower()
    throttle.count("sign-in", email, limit=10, per=timedelta(minutes=15))
    throttle.count("sign-in from", browser.ip or "", limit=50, per=timedelta(minutes=15))
    login = login_by_email(email)
    if login is None or login.state != Login.State.ACTIVE:
        secrets.dummy_check(password)
        raise WrongPassword
    right, outdated = secrets.check_password(password, login.password)
    if not right:
        raise WrongPassword
    throttle.forget("sign-in", email)
    if outdated:
        _rehash(login, secrets.hash_password(password), by=SYSTEM)
    return open_session(login, browser=browser, by=SYSTEM)


@action
def open_session(login: Login, *, browser: Browser = Browser(), by: Actor) -> str:
    secret = secrets.token()
    session = Session.objects.create(
        login=login,
        digest=secrets.digest(secret),
        expires_at=clock.now() + SESSION_LASTS,
        ip=browser.ip,
        user_agent=browser.user_agent[:300],
    )
    emit(events.LoginOpened(login.pk, session.pk), by=by)
    return secret


@action
def close_session(session: Session, *, by: Actor) -> None:
    if Session.objects.filter(pk=session.pk).delete()[0]:
        emit(events.LoginClosed(session.login_id, session.pk), by=by)


@action
def close_other_sessions(login: Login, *, but: Session | None, by: Actor) -> None:
    for session in Session.objects.filter(login=login).exclude(pk=but and but.pk):
        close_session(session, by=by)


@action
def seen(session: Session, *, by: Actor) -> None:
    """Now and then, so that a living session does not end in the middle of work. No event: no change of fact."""
    now = clock.now()
    Session.objects.filter(pk=session.pk).update(last_seen_at=now, expires_at=now + SESSION_LASTS)


@action
def add_login(
    email: str, *, role: str = Login.Role.AGENT, language: str = "", password: str = "", by: Actor
) -> Login:
    """A login that may sign in at once when it has a password, else waits for its invitation.

    Raises EmailTaken, OneOwner, WeakPassword.
    """
    email = email.strip().lower()
    if login_by_email(email):
        raise EmailTaken
    if role == Login.Role.OWNER and Login.objects.filter(role=role).exclude(state="deleted").exists():
        raise OneOwner
    login = Login(email=email, role=role, language=language)
    if password:
        login.password, login.state = _hashed(password, email), Login.State.ACTIVE
        login.password_changed_at = clock.now()
    login.save()
    if not password:
        emit(events.LoginInvited(login.pk, str(role)), by=by)
    return login


def invite_again(login: Login, *, by: Actor) -> None:
    """Raises NotInvited for somebody who has a password, throttle.TooMany after five in an hour."""
    if login.state != Login.State.INVITED:
        raise NotInvited
    throttle.count("invitation", str(login.pk), limit=5, per=timedelta(hours=1))
    _request(login, by=by)


def request_password(email: str, *, browser: Browser) -> None:
    """Says nothing about whether there is such a login. Raises throttle.TooMany."""
    email = email.strip().lower()
    throttle.count("password", email, limit=5, per=timedelta(hours=1))
    throttle.count("password from", browser.ip or "", limit=30, per=timedelta(hours=1))
    login = login_by_email(email)
    if login:
        _request(login, by=SYSTEM)


@action
def _request(login: Login, *, by: Actor) -> None:
    invited = login.state == Login.State.INVITED
    emit(
        events.LoginInvited(login.pk, login.role) if invited else events.PasswordRequested(login.pk),
        by=by,
    )


@action
def make_key(login: Login, purpose: str, *, by: Actor) -> str:
    """The secret that goes into the mail. Earlier keys of this purpose stop working."""
    MailedKey.objects.filter(login=login, purpose=purpose, used_at=None).update(used_at=clock.now())
    secret = secrets.token()
    MailedKey.objects.create(
        login=login,
        purpose=purpose,
        digest=secrets.digest(secret),
        expires_at=clock.now() + KEY_LASTS[purpose],
    )
    return secret


@action
def choose_password(secret: str, purpose: str, password: str, *, by: Actor) -> Login:
    """By a mailed key. All sessions end. Raises KeyUsedUp, WeakPassword (the key stays good)."""
    key = mailed_key(secret, purpose)
    if key is None:
        raise KeyUsedUp
    login = key.login
    hashed = _hashed(password, login.email)
    if not MailedKey.objects.filter(pk=key.pk, used_at=None).update(used_at=clock.now()):
        raise KeyUsedUp  # two at once
    login.password, login.state, login.password_changed_at = hashed, Login.State.ACTIVE, clock.now()
    login.save(update_fields=["password", "state", "password_changed_at"])
    close_other_sessions(login, but=None, by=by)
    throttle.forget("sign-in", login.email)
    emit(events.PasswordChanged(login.pk), by=by)
    return login


def change_password(login: Login, old: str, new: str, *, keep: Session | None, by: Actor) -> None:
    """By somebody who is signed in and knows the present one. All sessions but `keep` end.

    Raises OldPasswordWrong, WeakPassword, throttle.TooMany after ten failures in a quarter of an hour.
    """
    throttle.count("password change", str(login.pk), limit=10, per=timedelta(minutes=15))
    if not secrets.check_password(old, login.password)[0]:
        raise OldPasswordWrong
    _replace_password(login, _hashed(new, login.email), keep=keep, by=by)
    throttle.forget("password change", str(login.pk))


@action
def _replace_password(login: Login, hashed: str, *, keep: Session | None, by: Actor) -> None:
    login.password, login.password_changed_at = hashed, clock.now()
    login.save(update_fields=["password", "password_changed_at"])
    MailedKey.objects.filter(login=login, used_at=None).update(used_at=clock.now())
    close_other_sessions(login, but=keep, by=by)
    emit(events.PasswordChanged(login.pk), by=by)


@action
def change_profile(login: Login, *, language: str, time_zone: str, by: Actor) -> None:
    """How pages and mails read to this person; empty: as the account has it."""
    if (login.language, login.time_zone) == (language, time_zone):
        return
    login.language, login.time_zone = language, time_zone
    login.save(update_fields=["language", "time_zone"])
    emit(events.LoginChanged(login.pk), by=by)


@action
def change_role(login: Login, *, role: str, by: Actor) -> None:
    if Login.Role.OWNER in (login.role, role):
        raise OneOwner
    if login.role == role:
        return
    previously, login.role = login.role, role
    login.save(update_fields=["role"])
    close_other_sessions(login, but=None, by=by)  # what is on the screen may no longer be allowed
    emit(events.RoleChanged(login.pk, role, previously), by=by)


@action
def delete_login(login: Login, *, by: Actor) -> None:
    if login.role == Login.Role.OWNER:
        raise OneOwner
    login.state, login.password = Login.State.DELETED, ""
    login.save(update_fields=["state", "password"])
    close_other_sessions(login, but=None, by=by)
    emit(events.LoginDeleted(login.pk), by=by)


@action
def forget_ended(*, before: datetime, by: Actor) -> None:
    """Sessions and keys that ended before then. They opened nothing any more: no event."""
    Session.objects.filter(expires_at__lt=before).delete()
    MailedKey.objects.filter(expires_at__lt=before).delete()


@action
def _rehash(login: Login, hashed: str, *, by: Actor) -> None:
    Login.objects.filter(pk=login.pk).update(password=hashed)


COMMON = frozenset(
    "1234567890 12345678910 0123456789 password12 password123 password1234 qwertyuiop qwerty12345 "
    "1q2w3e4r5t 1qaz2wsx3edc iloveyou123 administrator letmein1234 welcome1234 changeme123 aaaaaaaaaa "
    "1111111111 0000000000 abcdefghij abc1234567 passwordpassword".split()
)


def _hashed(password: str, email: str) -> str:
    plain = password.lower()
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or plain == email or plain in COMMON:
        raise WeakPassword
    return secrets.hash_password(password)
