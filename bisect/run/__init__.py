"""Running probes: sandbox, worktrees, pool, journal."""
