"""MCP servers: one live set for all threads, and each thread's view of it."""
