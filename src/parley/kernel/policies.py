"""What a model promises about the personal data in its rows: which fields, how erased, how exported.

Erasure and export are derived from these declarations, so that neither can forget a table: a model
without one fails the build.
"""

from dataclasses import dataclass
from typing import Literal

#: `row`: deleted with the person's other rows. `fields`: the row stays, the personal fields are blanked.
#: `never`: nothing personal in it. `expires`: goes by itself after its retention period.
Erased = Literal["row", "fields", "never", "expires"]
#: `yes`: in an account's export and move. `no`: derived, made anew at the other end.
Exported = Literal["yes", "no"]


@dataclass(frozen=True)
class Policy:
    """`personal` names the fields; `why` says in words what `erased="never"` or a kept field rests on."""

    personal: tuple[str, ...] = ()
    erased: Erased = "never"
    exported: Exported = "yes"
    why: str = ""

    def __post_init__(self) -> None:
        if self.personal and self.erased == "never":
            raise ValueError("personal fields must be erased somehow")
        if self.erased == "fields" and not self.personal:
            raise ValueError("erasing fields needs the names of the fields")


NOTHING_PERSONAL = Policy()
DERIVED = Policy(exported="no", why="made from other rows")
