"""`threegate demo`: real conversations through a real proxy, seen from both sides."""
