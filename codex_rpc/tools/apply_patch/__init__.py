"""The patch format the model writes: read it, check it against the files, apply it whole.

`parser` turns text into hunks, `matcher` turns a file's old text into its new one, `plan` works out
the net effect of a whole patch without writing, `apply` carries a plan out, `wire` shows it to
clients, `spec` explains the format to models. Asking for approval and emitting items is left to the
tool built on these.
"""
