"""How good the model is, and how sure that is."""
