"""The policy language: strict YAML, schema decoding, vocabulary, problems."""
