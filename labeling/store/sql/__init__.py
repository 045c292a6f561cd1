"""The store's SQL: engines, schema, migrations."""
