"""Conversations as real applications send them, through the whole proxy; see `__main__`."""
