"""From a sales file to a folder with tables and one page to read."""
