"""The command lines `ctfy` and `ctfy-admin`."""
