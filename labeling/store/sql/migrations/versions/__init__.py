"""Numbered migrations, run by Alembic when a project is opened."""
