"""How good the model is, with the uncertainty."""
