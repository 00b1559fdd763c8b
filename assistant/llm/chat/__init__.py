"""Chat models behind the port: a turn becomes messages and a JSON schema, the JSON answer becomes commands."""
