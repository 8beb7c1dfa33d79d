"""Tools of the client's: what they must be like, and how they are called."""
