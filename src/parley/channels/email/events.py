"""What happens to mail that a ticket's readers should see."""

from dataclasses import dataclass

from parley.kernel.events import event


@event("ticket.delivery_changed")
@dataclass(frozen=True)
class DeliveryChanged:
    """An answer got further, or not: `state` is queued (tried again later), handed_over, delivered, bounced,
    failed or uncertain."""

    ticket: int
    group: int
    delivery: int
    state: str
