"""What happens to contacts."""

from dataclasses import dataclass

from parley.kernel.events import event


@event("contact.added")
@dataclass(frozen=True)
class ContactAdded:
    """Somebody wrote for the first time, or was entered."""

    contact: int
