"""The wire: what the platform, its clients and its nodes say to each other."""
