"""`codex-rpc threads`: looking at stored threads, and putting them away. Needs no server."""
