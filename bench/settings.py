"""The product's settings, with two jobs more that do nothing."""

from parley.config.settings import *  # noqa: F403
from parley.config.settings import HANDLERS

HANDLERS = [*HANDLERS, "bench.handlers"]
