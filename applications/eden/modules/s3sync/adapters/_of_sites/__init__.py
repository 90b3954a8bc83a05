"""What types that speak to a site over HTTP share, or is one's alone: settings, archives, requests, pushes."""

__all__ = ["archive", "resource_push", "site_settings", "thinning", "together"]
