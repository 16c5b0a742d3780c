"""`python -m tulle`: the same program as the `tulle` console script."""

from tulle.cli.main import main

if __name__ == "__main__":
    main()
