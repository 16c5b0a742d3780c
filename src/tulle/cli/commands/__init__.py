"""One file per command. The first line of its docstring is its line in `tulle --help`, `PLACE` says where."""
