"""What networks are trained with: pictures, and how they are varied."""
