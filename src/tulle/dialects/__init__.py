"""What documents mean: one package for each language, one file for each kind. Pure."""
