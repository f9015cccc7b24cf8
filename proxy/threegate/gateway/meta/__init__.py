"""Endpoints without a conversation: health, metrics, the list of models, the OpenAPI document."""
