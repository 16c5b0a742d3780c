"""What the mesh should be: frozen, slotted dataclasses. Imports nothing of ours, does no I/O."""
