"""Operations on policies that need real detectors or keys: tests, replay, signed bundles."""
