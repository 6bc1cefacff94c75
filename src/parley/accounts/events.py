"""What happens to an account and to the people who sign in to it."""

from dataclasses import dataclass

from parley.kernel.events import event


@event("account.opened")
@dataclass(frozen=True)
class AccountOpened:
    """An account exists in its cell."""

    account: int


@event("login.invited")
@dataclass(frozen=True)
class LoginInvited:
    """Somebody was asked to join, or asked again. The mail with the key follows from this event."""

    login: int
    role: str


@event("login.password_requested")
@dataclass(frozen=True)
class PasswordRequested:
    """Somebody who says it is this person forgot the password. A mail with a key follows."""

    login: int


@event("login.password_changed")
@dataclass(frozen=True)
class PasswordChanged:
    """A password was chosen or changed; all other sessions ended with it."""

    login: int


@event("login.opened")
@dataclass(frozen=True)
class LoginOpened:
    """Somebody signed in."""

    login: int
    session: int


@event("login.closed")
@dataclass(frozen=True)
class LoginClosed:
    """Somebody signed out, here or on another device."""

    login: int
    session: int


@event("login.changed")
@dataclass(frozen=True)
class LoginChanged:
    """Somebody reads in another language or lives by another clock from now on."""

    login: int


@event("login.role_changed")
@dataclass(frozen=True)
class RoleChanged:
    """Somebody may do more, or less, from now on."""

    login: int
    role: str
    previously: str


@event("login.deleted")
@dataclass(frozen=True)
class LoginDeleted:
    """Somebody can no longer sign in."""

    login: int
