"""Exchange: labels out of a project in the formats of other tools, and back in."""
