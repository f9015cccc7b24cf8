"""The ASGI shell around `guard`: reads requests, runs scans, calls the model API and the audit log.

`endpoint` takes a call through the layers: `request/` holds layers 1 and 2, `answer/` layer 3.
`meta/` serves the paths without a conversation, `access/` decides who may call and how often,
`telemetry/` writes audit records, metrics and traces.
"""
