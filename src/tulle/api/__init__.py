"""What a control plane offers to its agents (gRPC) and to people and programs (HTTP)."""
