"""Where desired state is kept that people and programs write: objects and every revision of them."""
