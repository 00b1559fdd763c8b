"""The pure dialogue core: acts, state, tracking, policy. No I/O, no models."""
