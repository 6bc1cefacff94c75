"""The search index: entries, and their words as FTS5 or as tsvector behind row-level security.

SQLite: whoever rebuilds kernel_searchentry in a later migration drops its trigger and has to make it again.
"""

import django.db.models.deletion
from django.db import migrations, models

import parley.kernel.numbers

SQLITE = [
    # Every sign that tokens.py leaves inside a term is part of a word here; blanks alone separate.
    """CREATE VIRTUAL TABLE kernel_searchterms USING fts5(
        account_id UNINDEXED, subject UNINDEXED, words, whole,
        tokenize = "ascii tokenchars '-._@+/:&,'''", columnsize = 0)""",
    """CREATE TRIGGER kernel_searchentry_gone AFTER DELETE ON kernel_searchentry
        BEGIN DELETE FROM kernel_searchterms WHERE rowid = old.id; END""",
]
POSTGRES = [
    """CREATE TABLE kernel_searchterms (
        rowid bigint PRIMARY KEY REFERENCES kernel_searchentry ON DELETE CASCADE,
        account_id bigint NOT NULL, subject bigint NOT NULL, terms tsvector NOT NULL)""",
    # A short pending list: each search reads all of it.
    """CREATE INDEX search_terms ON kernel_searchterms USING gin (terms)
        WITH (gin_pending_list_limit = 256)""",
    "ALTER TABLE kernel_searchterms ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE kernel_searchterms FORCE ROW LEVEL SECURITY",
    # Nothing is asked: everything that has not a word which nothing has. An OR would cost the index.
    """CREATE POLICY found ON kernel_searchterms AS RESTRICTIVE FOR SELECT
        USING (terms @@ coalesce(nullif(current_setting('parley.found', true), ''), '!none')::tsquery)""",
    """CREATE FUNCTION kernel_search_found(the_account bigint, query text, most integer)
        RETURNS TABLE (account_id bigint, subject bigint) LANGUAGE plpgsql STABLE ROWS 300 AS $$
        BEGIN
            PERFORM set_config('parley.found', query, true);
            RETURN QUERY SELECT t.account_id, t.subject FROM kernel_searchterms t
                WHERE t.account_id = the_account LIMIT most;
            PERFORM set_config('parley.found', '', true);
        END $$""",
]
SQLITE_BACK = ["DROP TRIGGER kernel_searchentry_gone", "DROP TABLE kernel_searchterms"]
POSTGRES_BACK = [
    "DROP FUNCTION kernel_search_found(bigint, text, integer)",
    "DROP TABLE kernel_searchterms",
]


def make(apps, schema_editor):
    _run(schema_editor, SQLITE, POSTGRES)


def unmake(apps, schema_editor):
    _run(schema_editor, SQLITE_BACK, POSTGRES_BACK)


def _run(schema_editor, sqlite, postgres):
    for statement in postgres if schema_editor.connection.vendor == "postgresql" else sqlite:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("kernel", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                ("id", parley.kernel.numbers.IdField(default=parley.kernel.numbers.new_id, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("subject", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("digest", models.CharField(max_length=32)),
                ("account", models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.CASCADE, to="accounts.account")),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [models.UniqueConstraint(fields=("account", "kind", "subject"), name="one_search_entry")],
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(make, unmake, hints={"home": "cell"})],
            state_operations=[
                migrations.CreateModel(
                    name="SearchTerms",
                    fields=[
                        ("id", parley.kernel.numbers.IdField(db_column="rowid", default=parley.kernel.numbers.new_id, editable=False, primary_key=True, serialize=False)),
                        ("account_id", models.BigIntegerField()),
                        ("subject", models.BigIntegerField()),
                    ],
                    options={
                        "db_table": "kernel_searchterms",
                        "abstract": False,
                        "base_manager_name": "objects",
                    },
                ),
            ],
        ),
    ]
