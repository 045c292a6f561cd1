"""How the store speaks SQL: engines, schema, migrations."""
