"""The C99 reference: sources that are built on the machine where they run."""
