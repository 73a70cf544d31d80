"""Fetches the models' weights, checks them, and optimises their graphs; needs nothing but Python to fetch.

The image's build runs it by `download_models.py`, people by `image-processor models`.
"""
