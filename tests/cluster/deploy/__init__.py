"""What the deployment files say of the system around the processes, tried on this one."""
