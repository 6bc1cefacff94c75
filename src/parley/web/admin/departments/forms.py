"""What the pages of departments send, parsed."""

from parley.web.shell.sent_back import KeptForm, OneLine


class NewDepartmentForm(KeptForm):
    """Without a mail name one is made of the name."""

    blame = {"mail_name_taken": "mail_name", "mail_name_invalid": "mail_name"}

    name = OneLine(max_length=100)
    mail_name = OneLine(max_length=64, required=False)

    def clean_mail_name(self) -> str:
        """People type the whole address, and capitals."""
        return self.cleaned_data["mail_name"].partition("@")[0].lower()


class DepartmentForm(NewDepartmentForm):
    mail_name = OneLine(max_length=64)
