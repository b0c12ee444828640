"""What a trace is: record, read, compare, explain. Needs numpy only."""
