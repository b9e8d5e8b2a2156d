"""What a name asks for, and the derivatives that it takes."""
