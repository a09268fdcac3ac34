"""A package, so that the installation ends with the last test that attacks it."""
