"""Long-lived owners that all threads of a process share."""
