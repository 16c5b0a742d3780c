"""Ways to run an instance; one file per platform."""
