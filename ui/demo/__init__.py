"""The two stories that `make demo` plays, from real runs of real programs."""
