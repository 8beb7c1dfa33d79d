"""Tools that run commands, and the terminals these run in."""
