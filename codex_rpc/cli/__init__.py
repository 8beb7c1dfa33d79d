"""The `codex-rpc` command: one file per subcommand."""
