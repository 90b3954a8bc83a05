"""Pictures of every screen, taken while the story of two sites is told (``./test --screenshots FOLDER``)."""
