"""A form that may be sent back: all as it was typed, a sentence beside each field that needs one."""

from typing import Any

from django import forms
from django.http import HttpRequest

from parley.kernel.actions import Refusal
from parley.web.responses import SeeOther, Toast, keep_toast


class KeptForm(forms.Form):
    """`blame` says which field an action's refusal is about, by its code."""

    blame: dict[str, str] = {}

    @property
    def typed(self) -> dict[str, Any]:
        """By field: what was typed, or what it begins with."""
        return {name: self[name].value() or "" for name in self.fields}

    @property
    def problems(self) -> dict[str, str]:
        """By field: the first sentence about it, or "". What is about none is under `__all__`."""
        found = {name: str(texts[0]) for name, texts in self.errors.items()} if self.is_bound else {}
        return dict.fromkeys(self.fields, "") | found

    @property
    def summary(self) -> list[tuple[str, str]]:
        """For the summary above the form: each problem and the field it leads to, "" where to none."""
        return [
            ("" if name == "__all__" else name, text) for name, text in self.problems.items() if text
        ]

    def refuse(self, refusal: Refusal) -> None:
        """What an action refused, at the field it is about."""
        self.add_error(self.blame.get(refusal.code), str(refusal.message))


class OneLine(forms.CharField):
    """Words on one line: other white space becomes a blank."""

    def to_python(self, value: Any) -> str:
        return " ".join(super().to_python(value).split())


def done(request: HttpRequest, to: str, text: str) -> SeeOther:
    """On to a page, which says what was done."""
    response = SeeOther(to)
    keep_toast(request, response, Toast(text))
    return response
