"""One loaded thread at work: its façade, its events, its turns."""
