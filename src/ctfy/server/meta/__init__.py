"""What the platform says about itself."""
