"""Where predictions come from: what a build records of it, and what is told of it afterwards."""
