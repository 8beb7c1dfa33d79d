"""The language-server face: the same server for editors that speak LSP.

Built on pygls and lsprotocol, which take a while to load: nothing imports this package before a
client has turned out to speak like that.
"""
