"""The judge's corpus: scenes with layers, masks that are right and wrong, the fit, and the report."""
