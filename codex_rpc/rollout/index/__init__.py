"""The index: what was found out about rollout files, kept so that it need not be found out again.

A cache in SQLite. The files are the truth, and nothing here is ever the reason that a thread is not
found; the database may be deleted at any time.
"""
