"""Which version of the protocol this server speaks."""

PROTOCOL_VERSION = "0.169.0"
"""The version of the Codex app-server whose protocol is implemented. Clients read it from the user
agent and switch features by it."""
