"""A change that somebody else wrote: compiled in a temp copy, its tests and examples run before and after, and judged
by the rule that jobs use. No model is asked."""
