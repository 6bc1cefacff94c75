"""What the ticket's page sends, parsed."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

MOST_FILES = 50
LARGEST_FILE = 25 * 1024 * 1024
LONGEST_TEXT = 500_000


class TicketForm(forms.Form):
    @property
    def first_error(self) -> str:
        return next(str(each[0]) for each in self.errors.values())


class ManyFiles(forms.FileField):
    """Any number of files under one name."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = [each for each in data or [] if each]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(_("At most 50 files fit into one message."), "too_many_files")
        if any(each.size > LARGEST_FILE for each in files):
            raise forms.ValidationError(_("A file may have 25 MB at most."), "file_too_large")
        return files


class ManyFilesInput(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return files.getlist(name) if hasattr(files, "getlist") else files.get(name)


class WordsForm(TicketForm):
    """`client_id` is made by the browser; without a script by the server when it made the form."""

    text = forms.CharField(required=False, strip=False, max_length=LONGEST_TEXT)
    version = forms.IntegerField(min_value=0)
    client_id = forms.CharField(max_length=80)
    files = ManyFiles(required=False, widget=ManyFilesInput)

    def clean_text(self) -> str:
        return self.cleaned_data["text"].replace("\r\n", "\n").strip("\n ")


class ByPublicId(forms.ModelChoiceField):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, to_field_name="public_id", **kwargs)


class AssignmentForm(TicketForm):
    agent = ByPublicId(None, required=False)

    def __init__(self, data: Any, *, agents: QuerySet) -> None:
        super().__init__(data)
        self.fields["agent"].queryset = agents


class DepartmentForm(TicketForm):
    department = ByPublicId(None)

    def __init__(self, data: Any, *, departments: QuerySet) -> None:
        super().__init__(data)
        self.fields["department"].queryset = departments
