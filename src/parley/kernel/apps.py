"""The kernel as a Django app: fences, checks, and the modules that the settings name."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import register


class KernelConfig(AppConfig):
    name = "parley.kernel"

    def ready(self) -> None:
        from . import checks, clock, fences, test_clock

        fences.build()
        register(checks.homes_and_borders)
        if settings.TEST_CLOCK:
            clock.follow(test_clock.ahead)
        for module in [
            *settings.REACTORS,
            *settings.HANDLERS,
            *settings.CHANNELS,
        ]:  # explicit, ordered, greppable: no autodiscovery
            import_module(module)
