"""The tools with which a model has other agents work for it; one file per tool."""
