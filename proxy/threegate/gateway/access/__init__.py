"""Who may call, under which policy, and how often."""
