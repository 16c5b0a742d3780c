"""What the services of the bookshop share: a small HTTP server, calls through the sidecar, one database file each."""
