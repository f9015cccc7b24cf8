"""A request on its way to the model API: the call it opens, its context, and layers 1 and 2."""
