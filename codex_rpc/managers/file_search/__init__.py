"""Finding files by a few letters of their paths, as somebody types them.

`listing` says which files there are, `corpus` keeps their names, `query` says what is looked for,
`scoring` how well a path fits, `ranking` puts these together, and `sessions` owns what runs.
"""
