"""Where the rules of these tests are said to come from."""

from pathlib import Path

FILE = Path("/home/user/.codex/rules/default.rules")
