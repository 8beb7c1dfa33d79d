"""JSON-RPC mechanics over byte streams: framing, envelopes, ordering, backpressure, one connection.

Knows no method name and no part of the agent. The layer above supplies a `ConnectionHandler`.
"""
