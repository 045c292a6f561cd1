"""The loop with known labels in place of a person."""
