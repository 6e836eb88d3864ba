"""`python -m zkaudit`: the command line without its console script."""

from zkaudit.cli import main

if __name__ == "__main__":
    main()
