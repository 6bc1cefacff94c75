"""The kernel's tables, each declared where it is used."""

from .beats import Beat
from .cells import AccountAddress, AccountHost
from .events import EventCounter, StoredEvent
from .jobs import Job
from .numbers import Machine
from .operators import OperatorEvent, OperatorEventCounter
from .periodic import Periodic
from .reactors import ParkedEvent, ReactorCursor
from .search import SearchEntry, SearchTerms
from .stored_files import StoredFile
from .test_clock import ClockOffset
from .throttle import Attempts
from .timers import Timer

__all__ = [
    "AccountAddress",
    "AccountHost",
    "Attempts",
    "Beat",
    "ClockOffset",
    "EventCounter",
    "Job",
    "Machine",
    "OperatorEvent",
    "OperatorEventCounter",
    "ParkedEvent",
    "Periodic",
    "ReactorCursor",
    "SearchEntry",
    "SearchTerms",
    "StoredEvent",
    "StoredFile",
    "Timer",
]
