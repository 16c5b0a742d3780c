"""Makes it move: gathers documents, builds the mesh from them, publishes what each proxy should have."""
