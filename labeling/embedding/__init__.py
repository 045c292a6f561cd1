"""From files to embeddings, once for each sample."""
