"""A guard in front of a Model Context Protocol server: tool descriptions, arguments and results
pass the same policy as model calls."""
