"""The numeric half: arrays in, arrays out."""
