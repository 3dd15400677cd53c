"""The Model Context Protocol, on standard input and output: other agents ask for proof, and for code."""
