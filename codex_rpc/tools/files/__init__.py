"""Tools that look at files without a shell: read one, list a directory, search, view an image.

They read only, so nobody is asked. All but the last are for models that were made for them.
"""
