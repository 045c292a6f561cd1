"""What is known of the model's quality, and how surely."""
