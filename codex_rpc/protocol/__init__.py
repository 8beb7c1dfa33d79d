"""The contract: wire models, response items, the script format, and the METHODS table.

Everything a client can send or receive is defined here, and the JSON Schema and TypeScript types
are generated from the very models that validate the wire. Nothing here does any I/O.
"""
