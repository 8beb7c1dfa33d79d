"""The guardian: a small process that starts commands, is their parent, and ends with the server.

When its end of the control socket closes, however the server went, it kills all that its commands
have started and exits. `main` is what runs in it and `children` how it starts and kills; both
import as little as they can, since the first command waits for them. `client` is the server's side
of the socket, `frames` what both sides know of each other's messages.
"""
