"""A guard in front of a Model Context Protocol server: what its tools say of themselves, what is
sent to them and what they return pass the same policy as model calls."""
