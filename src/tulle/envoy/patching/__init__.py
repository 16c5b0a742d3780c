"""Changes that people make to compiled resources (EnvoyFilter): what they say, what they match, what they do."""
