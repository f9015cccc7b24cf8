"""Masks: values that are replaced before the model reads them and come back in its answer."""
