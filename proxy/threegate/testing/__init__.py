"""Parts for tests, demonstrations and attacks on purpose: the demo model API and attack suites."""
