"""All loaded threads of a process, and what is needed to make, find and end them."""
