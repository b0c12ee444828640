"""What can be searched along: each axis says what a point is and how to stand on it."""
