"""Small things fit for a standard library; they know nothing of meshes."""
