"""Steps of a route in Envoy: an interpreter of operations, and native filters between them."""
