"""Rollouts: the record of a thread on disk, in the format of the Codex command."""
