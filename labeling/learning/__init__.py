"""From answers to a round: a fitted head with all that follows from it."""
