"""Numbers that the API, the worker and the operator share."""
