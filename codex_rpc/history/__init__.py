"""The conversation as the model hears it: storing, recognising and preparing it. All pure."""
