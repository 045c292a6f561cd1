"""Where samples come from: folders, archives and manifests."""
