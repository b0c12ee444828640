"""Search as a value: no I/O, no clock."""
