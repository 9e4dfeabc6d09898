"""Sample data: invented from a random seed, for trials and demonstrations. None of it is real."""
