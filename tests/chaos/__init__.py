"""Kills the job layer in every way that is known, and counts what was lost, doubled, stuck or leaked."""
