"""The human half of Hone: samples, answers, the loop, its screens and its routes."""
