"""The detectors by themselves: for people, scripts and evaluations. No rule, no audit."""
