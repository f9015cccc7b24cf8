"""Pages of what a policy is made of besides rules: lists, replies, knowledge, detectors."""
