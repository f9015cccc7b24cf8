"""The ASGI shell around `guard`: reads requests, runs scans, talks to upstream and audit, writes
answers.

`endpoint` takes a request through the layers, `answer` drives the machines of one answer,
`stream_machine`
and `whole` are the two ways an answer arrives, `audit_trail` collects what is audited.
"""
