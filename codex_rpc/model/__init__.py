"""Talking to models: one port, and the providers behind it."""
