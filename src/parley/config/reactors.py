"""What follows from events, and where timers and jobs are handled. The lists are the documentation."""

REACTORS = [
    "parley.reactors.delivery.react",
    "parley.reactors.indexing.react",
    "parley.reactors.letters.react",
    "parley.reactors.notifications.react",
]
HANDLERS = ["parley.saas.housekeeping"]
