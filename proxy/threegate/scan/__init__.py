"""The detectors without a proxy, for people, scripts and evaluations. No rules, no audit."""
