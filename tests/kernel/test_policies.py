"""Every model of an account says what is personal in it, or the build fails."""

import pytest
from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

from parley.kernel import checks
from parley.kernel.policies import NOTHING_PERSONAL, Policy
from parley.kernel.tenancy import AccountModel, Scoped

SCOPED = [model for model in apps.get_models() if issubclass(model, Scoped)]
#: Columns of these kinds hold what somebody typed.
WORDS = ("name", "email", "subject", "text", "body", "html", "preview", "ip", "user_agent", "address")


@pytest.mark.parametrize("model", SCOPED, ids=lambda model: model._meta.label)
def test_every_model_of_an_account_declares_its_policy(model):
    policy = vars(model)["data_policy"]
    assert isinstance(policy, Policy)
    assert set(policy.personal) <= {field.name for field in model._meta.local_fields}
    assert policy.why or policy.exported == "yes", "what is not exported says why"


@pytest.mark.parametrize("model", SCOPED, ids=lambda model: model._meta.label)
def test_what_has_a_policy_of_nothing_personal_holds_no_words_of_people(model):
    allowed = {
        "accounts.Account": {"name", "address"},  # the company's
        "team.Department": {"name"},
        "kernel.StoredEvent": {"name", "subject"},  # of the event, and an id
        "kernel.Timer": {"name", "subject"},  # of the timer, and an id
        "notifications.Notification": {"subject"},  # an id
    }
    if vars(model)["data_policy"].erased == "never":
        names = {field.name for field in model._meta.local_fields}
        assert names & set(WORDS) <= allowed.get(model._meta.label, set())


@isolate_apps("parley.desk.tickets")
def test_checks_refuse_a_model_without_policy_and_a_policy_of_unknown_fields():
    class Silent(AccountModel):
        class Meta(AccountModel.Meta):
            app_label = "tickets"
            indexes = [models.Index(fields=["account"], name="silent")]

    class Mistaken(AccountModel):
        name = models.CharField(max_length=9)
        data_policy = Policy(personal=("name", "nick"), erased="row")

        class Meta(AccountModel.Meta):
            app_label = "tickets"
            indexes = [models.Index(fields=["account"], name="mistaken")]

    class Heir(Mistaken):
        class Meta(AccountModel.Meta):
            app_label = "tickets"
            proxy = True

    assert [e.id for e in checks.check_model(Silent)] == ["parley.E005"]
    assert [e.id for e in checks.check_model(Mistaken)] == ["parley.E006"]
    assert "nick" in next(iter(checks.check_model(Mistaken))).msg
    assert "parley.E005" in [e.id for e in checks.check_model(Heir)]  # it is not inherited


@pytest.mark.parametrize(
    "wrong", [{"personal": ("email",)}, {"erased": "fields"}, {"personal": ("a",), "erased": "never"}]
)
def test_a_policy_that_contradicts_itself_cannot_be_written(wrong):
    with pytest.raises(ValueError):
        Policy(**wrong)


def test_a_plain_policy_promises_nothing_to_erase():
    assert (NOTHING_PERSONAL.erased, NOTHING_PERSONAL.exported, NOTHING_PERSONAL.personal) == (
        "never",
        "yes",
        (),
    )
