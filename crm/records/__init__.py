"""Records of any entity: how they are checked, saved, listed, searched, linked and remembered."""
