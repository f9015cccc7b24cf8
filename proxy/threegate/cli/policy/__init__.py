"""`threegate policy …`."""
