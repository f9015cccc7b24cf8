"""The guard from Python, in process or at a running server: `from threegate import Guard`."""
