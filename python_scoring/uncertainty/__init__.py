"""How sure a score is: probabilities that come true, bounds with a level, and whether both hold."""
