"""Configuration: `config.toml` layers and overrides become frozen settings."""
