"""What the pages of agents send, parsed."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from parley.accounts.models import Login
from parley.web.admin.roles import given_roles
from parley.web.shell.sent_back import KeptForm, OneLine


class InviteForm(KeptForm):
    blame = {"email_taken": "email"}

    name = OneLine(max_length=100)
    email = forms.EmailField(max_length=254)
    role = forms.ChoiceField(choices=given_roles)
    departments = forms.ModelMultipleChoiceField(None, to_field_name="public_id", required=False)

    def __init__(self, data: Any = None, *, departments: QuerySet, initial: Any = None) -> None:
        super().__init__(data, initial={"role": Login.Role.AGENT} | (initial or {}))
        self.fields["departments"].queryset = departments  # type: ignore[attr-defined]


class AgentForm(KeptForm):
    """`role` is there only where it may be changed."""

    name = OneLine(max_length=100)
    alias = OneLine(max_length=100, required=False)
    role = forms.ChoiceField(choices=given_roles)

    def __init__(self, data: Any = None, *, has_role: bool, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        if not has_role:
            del self.fields["role"]
