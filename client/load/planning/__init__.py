"""What is to be done, how much of it, and when: decided before anybody connects."""
