"""How commands run and whether they may.

Processes and their output, the shell they run in, what a command line means, and the approval
matrix. Asking the user and reporting to the client are the session's; files are the tools'.
"""
