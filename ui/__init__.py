"""What a person touches: commands, tables, report, session."""
