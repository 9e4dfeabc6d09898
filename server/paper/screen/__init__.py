"""What customers see of a deal on a screen."""
