"""All mutable data of a session: plain objects with small synchronous mutators, and no I/O."""
