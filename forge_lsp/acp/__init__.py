"""The Agent Client Protocol, on standard input and output: an editor's chat starts jobs, and shows how they go."""
