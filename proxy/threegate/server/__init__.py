"""The server process: HTTP protocol, workers, background work, logging, start-up."""
