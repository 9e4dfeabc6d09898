"""Commands of whoever runs a deployment: the doctor, and load."""
