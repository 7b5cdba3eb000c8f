"""Contents of artifacts as files of one folder."""
