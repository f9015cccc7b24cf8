"""Language models as detectors: guard models with their published prompts and answers, and any
model with a question. One module per format; the operator names them in the settings."""
