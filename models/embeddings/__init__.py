"""Embeddings on disk, filled in chunks."""
