"""One project's folder: open, back up, check, look back."""
