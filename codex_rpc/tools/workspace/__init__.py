"""The files that tools read and write: the port, and the disk behind it."""
