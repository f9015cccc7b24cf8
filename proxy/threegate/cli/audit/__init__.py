"""`threegate audit …`."""
