"""The exit codes of the commands, the same everywhere."""

GOOD, ERROR, USAGE, ABSTAINED, SOME_REFUSED, FAILED_CHECK, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130
