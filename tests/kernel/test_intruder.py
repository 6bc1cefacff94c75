"""Fence 7: the neighbour has something to lose in every table."""

import pytest
from django.apps import apps

from parley.kernel.cells import account_scope
from parley.kernel.tenancy import Scoped

#: Without those the database does not let us read row by row, such as search terms.
SCOPED = [m for m in apps.get_models() if issubclass(m, Scoped) and m._meta.managed]


@pytest.mark.parametrize("model", SCOPED, ids=lambda model: model._meta.label)
def test_no_table_of_an_account_is_empty_for_the_intruders(intruder, far_intruder, model):
    for address in (intruder, far_intruder):
        with account_scope(address.pk):
            assert model.objects.exists()
