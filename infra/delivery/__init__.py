"""Delivery: tags, releases, what a plan may do, and what a backfill costs. Run as `python -m delivery`."""
