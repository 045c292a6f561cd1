"""Spaces: the rows that heads and queries see, made from embeddings without any label."""
