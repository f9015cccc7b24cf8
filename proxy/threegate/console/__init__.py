"""The console: pages for compliance editors and audit reviewers, each with a JSON twin.

`app` wires routes and guards, `pages` is the register of every endpoint with the roles it needs,
`views` answer them, `accounts`, `drafts` and `review_store` keep what is not in the log or a
policy.
"""
