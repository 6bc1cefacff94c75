"""The real and awkward mails in tests/samples/mail."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2] / "samples" / "mail"
ENTRIES = json.loads((ROOT / "manifest.json").read_text(encoding="utf-8"))["entries"]
MAILS = sorted(entry["path"] for entry in ENTRIES if entry["format"] == "message")


def raw(path):
    return (ROOT / path).read_bytes()


def expected(path):
    return next(entry["expected"] for entry in ENTRIES if entry["path"] == path)


def paths(kind):
    return sorted(entry["path"] for entry in ENTRIES if entry["kind"] == kind)
