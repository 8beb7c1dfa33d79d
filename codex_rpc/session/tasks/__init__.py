"""What a turn can be about; one file per kind."""
