"""The command line: what people type and what they read. Starts processes and asks the API; decides nothing itself."""
