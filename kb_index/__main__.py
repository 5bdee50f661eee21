"""Command line: python -m kb_index --help."""

from kb_index.cli import main

if __name__ == "__main__":
    main()
