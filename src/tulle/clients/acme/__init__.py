"""Certificate authorities that speak ACME (RFC 8555). Decides neither what is wanted nor when."""
