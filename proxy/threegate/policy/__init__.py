"""The policy language: strict load, lint, compile, diff, coverage. Pure but for `store`. Start at
`facade`."""
