"""The loop with known labels instead of a person."""
