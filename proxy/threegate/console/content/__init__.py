"""The parts of a policy other than rules (word lists, replies, knowledge, detectors): as uploaded
files and as form fields. Pure."""
