"""Why a score is what it is: one contribution per feature, which add up to the raw score."""
