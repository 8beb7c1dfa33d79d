"""Files for the client: reading, changing and watching them, with the rights of this process.

Nothing here asks for approval: it serves requests of the user, not of a model.
"""
