"""Records and policies as plain data for templates."""
