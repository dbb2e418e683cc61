"""`python -m python_scoring`: the same as `customer-predictions`."""

from python_scoring.cli.main import main

if __name__ == "__main__":
    main()
