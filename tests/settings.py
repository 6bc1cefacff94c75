"""The product's settings in a data folder that only this test process knows.

The variables of docs/configuration.md choose the shape: DATABASE_URL and PARLEY_CELLS of SQLite or of
PostgreSQL. The databases themselves are this process's own, so that suites may run side by side.
"""

import atexit
import os
import shutil
import tempfile

INSTALLED = (
    "PARLEY_TESTS_INSTALLED"  # set for processes of tests.installation, which have a folder already
)
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")


def _own_folder() -> str:
    folder, owner = tempfile.mkdtemp(prefix=f"parley-{WORKER}-"), os.getpid()

    def clear() -> None:
        if os.getpid() == owner:  # not in a fork
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(clear)
    return folder


if not os.environ.get(INSTALLED):
    os.environ["PARLEY_DATA"] = _own_folder()
    os.environ["PARLEY_SECRET_KEY"] = "a key of the tests, the same in each process of them"

from parley.config.settings import *  # noqa: E402, F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.effects"]  # noqa: F405
TEST_NON_SERIALIZED_APPS = INSTALLED_APPS
REACTORS = [*REACTORS, "tests.effects.react"]  # noqa: F405
CHORES: dict[str, str] = {}  # a test that wants one says so; parley.config.chores lists them
PASSWORD_HASHERS = ["tests.hashers.QuickArgon2"]

if not os.environ.get(INSTALLED):
    for _alias, _database in DATABASES.items():  # noqa: F405
        if "sqlite" in _database["ENGINE"]:
            _database["NAME"] = str(DATA_DIR / f"{_alias}.sqlite3")  # noqa: F405
            _database["TEST"] = {"NAME": str(DATA_DIR / f"{_alias}.test.sqlite3")}  # noqa: F405
        else:
            _database["TEST"] = {"NAME": f"test_{_database['NAME']}_{os.getpid()}"}
