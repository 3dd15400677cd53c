"""Examples in documentation: read in many notations, run by a driver of the language, compared outside of it."""
