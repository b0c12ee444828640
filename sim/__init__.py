"""The instrumented torch simulator and the C reference."""
