"""What a sample is: one module for each medium."""
