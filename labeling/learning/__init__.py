"""From answers to a round: a fitted head and everything derived from it."""
