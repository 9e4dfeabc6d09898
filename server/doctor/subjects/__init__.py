"""What is judged: one file a subject, each with its facts and pure functions from facts to verdicts."""
