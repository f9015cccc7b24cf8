"""Envoy's external processing filter (`ext_proc`, gRPC): the guard for calls that Envoy makes.

Envoy sends a request and its answer here in messages. The proxy's own endpoint serves them, with
Envoy as its client and as its model API: one engine, the same layers, records and limits.
"""
