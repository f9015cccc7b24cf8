"""Language models as detectors: guard models with their published prompts and answers, and any
model with a question. One module a format; the operator names them in the settings."""
