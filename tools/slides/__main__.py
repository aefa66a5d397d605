"""Make the slides; ``make slides`` does."""

import sys

from slides import decks

if __name__ == "__main__":
    sys.exit(decks.main())
