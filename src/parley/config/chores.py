"""Jobs that come back in every cell, by name, with their cron expression (UTC). The list is the documentation."""

CHORES = {
    "housekeeping.cell": "17 * * * *",
}
