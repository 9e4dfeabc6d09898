"""What each programme lends on each car."""
