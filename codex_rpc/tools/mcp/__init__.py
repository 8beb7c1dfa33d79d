"""MCP servers as the model meets them: their tools, their resources, and what they ask.

The servers themselves, and connections to them, are in `codex_rpc.managers.mcp`.
"""
