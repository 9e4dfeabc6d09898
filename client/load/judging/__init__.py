"""Whether a run met its conditions, which capacity the steps found, and the result of it all."""
