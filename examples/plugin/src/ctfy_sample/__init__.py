"""What a package can add to ctfy, one file a kind."""
