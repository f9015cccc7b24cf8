"""The guard as a service: other gateways, applications and libraries send it their texts.

One engine runs every check with the policy, layers, masks, records, limits and metrics of the
proxy. Dialects translate the requests of known clients into checks and the results back.
"""
