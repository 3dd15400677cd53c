"""A folder that Python runs: see ``__main__``."""
