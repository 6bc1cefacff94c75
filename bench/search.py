"""Search: the newest twenty tickets with a word, in a large account."""

import time

import django

from bench.figures import Table, spread
from bench.installation import Installation, answer
from bench.scale import Scale

#: How the words are spread is said in bench/large.py.
ASKED = {
    "in most tickets": "common0",
    "in one of some hundred": "w3c1lamp2",
    "in hardly any": "w4a10lamp4",
    "two common words": "common1 common2",
    "a beginning": "common1*",
    "a phrase": '"common0 common1"',
    "not there": "nightingale",
}


def measure(installation: Installation, scale: Scale, table: Table) -> None:
    size = scale(20_000, 100), scale(80_000, 400)
    large = installation.script("bench.large", "build", *size, True)
    times = scale(50, 3)
    for title, told in installation.script(
        "bench.search", "ask", large["account"]["account"], times
    ).items():
        table.add(
            f"newest 20, {title}", spread(told["waits"], 50, 95), f"{told['found']:,} found in all"
        )
    table.add("in the account", f"{large['tickets']:,} tickets, {large['messages']:,} messages")


def ask(account: int, times: int) -> dict[str, dict]:
    """Over there."""
    django.setup(set_prefix=False)
    from parley.desk.team.models import Agent
    from parley.desk.tickets import queries, search
    from parley.kernel.cells import account_scope

    told = {}
    with account_scope(account):
        agent = Agent.objects.select_related("login").get()
        for title, query in ASKED.items():
            waits = []
            for _ in range(times + 1):
                start = time.perf_counter()
                queries.page(queries.newest_first(search.find(agent, query)), size=20)
                waits.append(time.perf_counter() - start)
            told[title] = {"waits": waits[1:], "found": search.find(agent, query).count()}
    return told


if __name__ == "__main__":
    answer({"ask": ask})
