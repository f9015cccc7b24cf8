"""The life of a policy version: approval, activation, storage, rollout bands."""
