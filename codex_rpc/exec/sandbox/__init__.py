"""What holds a command to a sandbox policy, on the systems that have something for it.

`preflight` finds out which; `ESCAPES.md` tells what holds and what does not.
"""
