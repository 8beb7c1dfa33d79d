"""Exec rules: what the user has said about commands once and for all, in `rules/*.rules` files.

Pure: which files there are, and reading and changing them, is `codex_rpc.managers.exec_policy`'s
part; what follows from a rule is decided in `codex_rpc.exec.approval_policy`.
"""
