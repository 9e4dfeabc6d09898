"""The structures that are possible: what a plan prices, the pairs of a car and a programme, their corners."""
