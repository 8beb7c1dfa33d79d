"""The app-server face: JSON-RPC requests become calls of the core, its events become messages."""
