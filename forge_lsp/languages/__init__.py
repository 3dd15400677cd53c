"""Every language that can be written, a folder each."""
