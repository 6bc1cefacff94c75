"""A reactor of the tests: it echoes, cannot digest BAD, and answers ENDLESS without end."""

from parley.kernel.actors import SYSTEM
from parley.kernel.events import StoredEvent
from parley.kernel.reactors import reactor
from tests.effects import actions
from tests.effects.models import Effect

BAD = 666
ENDLESS = 777


@reactor("echo", on=actions.EffectRecorded)
def echo(event: actions.EffectRecorded, stored: StoredEvent) -> None:
    if event.effect == BAD:
        raise ValueError("cannot digest")
    if event.effect == ENDLESS:
        actions.record(ENDLESS, kind="loop", by=SYSTEM)
    Effect.objects.create(kind="echo", n=event.effect)
