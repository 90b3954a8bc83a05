"""Places on earth as programs for maps write them: geometries of GeoJSON, WKT, and files of features."""

__all__ = ["features", "geometry", "wkt"]
