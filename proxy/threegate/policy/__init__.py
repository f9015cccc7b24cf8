"""The policy language: strict load, lint, compile, diff, coverage. Pure except for `store`. Start
at `facade`."""
