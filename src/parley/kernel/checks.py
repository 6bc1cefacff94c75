"""What the model classes promise about homes and borders, checked before anything runs."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.db import models

from .cells import home_of
from .links import AccountForeignKey
from .tenancy import AccountModel, Scoped

Model = type[models.Model]


def homes_and_borders(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    return [e for m in apps.get_models(include_auto_created=True) for e in check_model(m)]


def check_model(model: Model) -> Iterator[CheckMessage]:
    name = model._meta.label
    if model.__module__.startswith("parley.") and not hasattr(model, "home"):
        yield Error(f"{name} says no home: DirectoryModel, AccountModel or CellModel", id="parley.E002")
    for field in model._meta.local_fields:
        other = field.remote_field.model if isinstance(field, models.ForeignKey) else None
        if not isinstance(other, type):  # no link, or one that Django itself will complain about
            continue
        if home_of(model) != home_of(other):
            yield Error(f"{name}.{field.name} crosses the border between homes", id="parley.E001")
        both = issubclass(model, AccountModel) and issubclass(other, AccountModel)
        if both and not isinstance(field, AccountForeignKey):
            yield Error(f"{name}.{field.name} must be an AccountForeignKey", id="parley.E004")
    if issubclass(model, Scoped):
        yield from _check_policy(model)
    if issubclass(model, AccountModel) and not _indexed_by_account(model):
        yield Error(f"{name} has no index that starts with the account", id="parley.E003")


def _check_policy(model: type[Scoped]) -> Iterator[CheckMessage]:
    policy = vars(model).get("data_policy")
    if policy is None:
        yield Error(f"{model._meta.label} declares no data_policy", id="parley.E005")
        return
    names = {field.name for field in model._meta.local_fields}
    for unknown in set(policy.personal) - names:
        yield Error(f"{model._meta.label}.data_policy names no field {unknown}", id="parley.E006")


def _indexed_by_account(model: Model) -> bool:
    named = [*model._meta.indexes, *model._meta.constraints]
    return any(list(getattr(each, "fields", ()))[:1] == ["account"] for each in named)
