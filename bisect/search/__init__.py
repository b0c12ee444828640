"""The search engine: pure functions of the answers so far. No I/O, no clock; one engine, many axes."""
