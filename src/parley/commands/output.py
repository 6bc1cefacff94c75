"""How a command answers: one JSON object or array for scripts, aligned columns for people."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence

Row = Mapping[str, object]
NOTHING = "-"


class Failure(Exception):
    """The command cannot do it. `code` is stable, `message` a sentence for the operator."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def say(*lines: str) -> None:
    """To standard output, at once: the reader may be a pipe."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def warn(*lines: str) -> None:
    """To standard error."""
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()


def show_one(thing: Row, *, as_json: bool) -> None:
    """One object, or a line for each of its fields."""
    if as_json:
        say(_json(thing))
    else:
        width = max(map(len, thing))
        say(*(f"{name:<{width}}  {_text(value)}" for name, value in thing.items()))


def show_rows(columns: Sequence[str], rows: Iterable[Row], *, as_json: bool) -> None:
    """An array, written as the rows come, or a table with a head."""
    if as_json:
        _stream(rows)
        return
    table = [list(columns), *([_text(row[name]) for name in columns] for row in rows)]
    widths = [max(len(line[place]) for line in table) for place in range(len(columns))]
    for line in table:
        say("  ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)).rstrip())


def show_failure(failure: Failure, *, as_json: bool) -> None:
    warn(f"parley: {failure.message}")
    if as_json:
        say(_json({"error": {"code": failure.code, "message": failure.message}}))


def _stream(rows: Iterable[Row]) -> None:
    before = "["
    for row in rows:
        sys.stdout.write(f"{before}{_json(row)}")
        before = ",\n "
    say("[]" if before == "[" else "]")


def _json(thing: object) -> str:
    return json.dumps(thing, ensure_ascii=False)


def _text(value: object) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split())
