"""Frozen networks: from pixels to embeddings."""
