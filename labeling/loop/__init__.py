"""The loop: next, answer, rank anew."""
