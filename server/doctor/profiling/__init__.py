"""Profiles of a running process: samples, stacks and the flame graph drawn from them."""
