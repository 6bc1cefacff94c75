"""Tickets by what was said in them."""

import re

from django.db.models import Q, QuerySet

from parley.desk.team.models import Agent
from parley.kernel import search

from .models import Ticket
from .queries import visible_to

KIND = "ticket"  #: under which tickets are in the search index
NAMED = re.compile(r"[A-Za-z]{3}-[A-Za-z]{5}-[0-9]{3}|[A-Za-z0-9]{8}")


def find(agent: Agent, query: str) -> QuerySet[Ticket]:
    """Those this agent may see that match (see kernel.search), the latest first; page them by key.

    A ticket's code or public id finds that ticket alone, if there is one.
    """
    rows = visible_to(agent).order_by("-last_message_at", "-id")
    name = query.strip()
    if NAMED.fullmatch(name):
        named = rows.filter(Q(code=name.upper()) | Q(public_id=name.lower()))
        if named.exists():
            return named
    return search.matching(rows, query, kind=KIND)
