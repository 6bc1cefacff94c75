"""What an agent's own page sends, parsed."""

from functools import cache
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from parley.web.shell.sent_back import KeptForm, OneLine

#: Names of the tz database that are not places: Etc/GMT+5 is west where people read east.
NO_PLACES = ("Etc/", "SystemV/", "US/", "posix/", "right/")


@cache
def time_zones() -> tuple[str, ...]:
    """The places of the tz database, and UTC, in the order of the alphabet."""
    places = (each for each in available_timezones() if "/" in each and not each.startswith(NO_PLACES))
    return ("UTC", *sorted(places))


class ProfileForm(KeptForm):
    name = OneLine(max_length=100)
    alias = OneLine(max_length=100, required=False)
    language = forms.ChoiceField(choices=settings.LANGUAGES, required=False)
    time_zone = OneLine(max_length=40, required=False)

    def clean_time_zone(self) -> str:
        """As the tz database writes it, however it was typed: new york is America/New_York."""
        typed = self.cleaned_data["time_zone"].replace(" ", "_").lower()
        if not typed:
            return ""
        zones = time_zones()
        whole = [each for each in zones if each.lower() == typed]
        cities = [each for each in zones if each.lower().endswith("/" + typed)]
        if found := whole or cities:
            return found[0]
        raise forms.ValidationError(_("There is no such time zone. Choose one of the list."))


class PasswordForm(KeptForm):
    blame = {"old_password_wrong": "old", "weak_password": "new"}

    old = forms.CharField(max_length=1000, strip=False)
    new = forms.CharField(max_length=1000, strip=False)
