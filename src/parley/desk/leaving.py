"""An agent leaves: his tickets are nobody's, then he is no longer there."""

from django.utils.translation import gettext_lazy as _

from parley.desk.team import actions as team
from parley.desk.team.models import Agent
from parley.desk.tickets import actions as tickets
from parley.kernel.actions import Refusal, action
from parley.kernel.actors import Actor


class Oneself(Refusal):
    code = "oneself"
    message = _("Nobody deletes himself; ask another administrator.")


@action
def remove_agent(agent: Agent, *, by: Actor) -> int:
    """Both or neither. Returns how many tickets became nobody's. Raises Oneself, OneOwner."""
    if by == agent.actor:
        raise Oneself
    released = tickets.release_from(agent, by=by)
    team.delete_agent(agent, by=by)
    return released
