"""What the model can call: one file per tool, the registry, and the ports they work through."""
