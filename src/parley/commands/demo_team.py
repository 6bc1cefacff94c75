"""The people of the demo account and the departments they work in."""

from parley.desk.team import actions as team
from parley.desk.team import queries
from parley.desk.team.models import Agent, Department
from parley.kernel.actors import Actor

OPERATOR = Actor("operator")
DEPARTMENTS = {"orders": "Orders", "billing": "Billing", "workshop": "Workshop"}
#: Key in the stories: name, the mail names of departments besides General. Ada is the owner.
AGENTS = {
    "ada": ("Ada Lindqvist", ()),
    "mira": ("Mira Novak", ("orders", "billing")),
    "petar": ("Petar Dimitrov", ("billing",)),
    "jonas": ("Jonas Bergmann", ("workshop",)),
}


def hire(password: str) -> None:
    """Departments and agents that are not there yet; all sign in with this password."""
    there = set(queries.departments().values_list("mail_name", flat=True))
    for mail_name, name in DEPARTMENTS.items():
        if mail_name not in there:
            team.add_department(name, mail_name=mail_name, by=OPERATOR)
    places = departments()
    for key, (name, works_in) in AGENTS.items():
        agent = agents().get(key) or team.add_agent(
            name, email=f"{key}@tindra.example", password=password, by=OPERATOR
        )
        for place in works_in:
            team.set_member(places[place], agent, role="solver", by=OPERATOR)


def agents() -> dict[str, Agent]:
    """By their keys in the stories."""
    return {each.login.email.partition("@")[0]: each for each in queries.agents() if each.login}


def departments() -> dict[str, Department]:
    """By mail name; General, which is `support`, also as `general`."""
    found = {each.mail_name: each for each in queries.departments()}
    return found | {"general": queries.default_department()}
