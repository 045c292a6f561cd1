"""The loop: next sample, answer, new ranking."""
