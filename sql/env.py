"""Alembic's entry point; `ops_dashboard.database.migrate` provides the connection, in a transaction of its own."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    on_version_apply=context.config.attributes["on_version_apply"],
    version_table_schema="ops",
)
context.run_migrations()
