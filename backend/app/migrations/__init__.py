"""Alembic's environment and revisions; app.migrate runs them."""
