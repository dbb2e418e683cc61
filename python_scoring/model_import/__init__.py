"""Models trained outside the project: read, verified and registered."""
