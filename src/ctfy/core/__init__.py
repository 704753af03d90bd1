"""What every part of ctfy shares."""
