"""What is measured: reads only, and each probe has a deadline."""
