"""Estimates, intervals and explanations."""
