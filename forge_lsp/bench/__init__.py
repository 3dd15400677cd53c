"""The user's own models on tasks whose right answers are known: what "accepted" is worth on this machine.

A task is a normal job. Its answer is then judged by hidden tests, which no model and no attempt of the job has seen.
"""
