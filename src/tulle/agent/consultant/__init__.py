"""What Envoy cannot decide by itself, decided on its host: who knows a password, how many requests are on their way."""
