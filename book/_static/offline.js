// A page opened from disk may not fetch another one, so there a search gives its results
// without the excerpts that Sphinx would cut out of the pages found.
if (location.protocol === "file:") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}
