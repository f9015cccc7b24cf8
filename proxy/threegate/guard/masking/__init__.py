"""Masks: values that are replaced before the model reads them and restored in its answer."""
