"""Skills: folders with a `SKILL.md` that teaches an agent one kind of task.

Finding them, reading what they say of themselves, and telling which ones a user's words name. Their
documents are put before the model by `codex_rpc.session`.
"""
