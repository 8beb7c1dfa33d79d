"""A JSON-RPC app-server for coding agents, and the session core inside it."""

__version__ = "0.1.0"
