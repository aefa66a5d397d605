"""Pack the built book into a zip to read from disk, without a network.

The pages are the same; one top folder holds them, and its ``index.html`` opens the book. The
archive's bytes follow from the pages' alone: files in order, one date, one set of rights.
"""

import sys
import zipfile

import pages

OUT = pages.ROOT / "_build" / "elastic-tutorial.zip"
FOLDER = "elastic-tutorial"
DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold
LEFT_OUT = {"downloads", "objects.inv"}  # the zip itself once published, and Sphinx's own index


def files(html):
    """Files that a reader needs, in order; none that starts with a dot."""
    for path in sorted(html.rglob("*")):
        parts = path.relative_to(html).parts
        if path.is_file() and not any(part.startswith(".") for part in parts):
            if parts[0] not in LEFT_OUT:
                yield path


def pack(html, out):
    """Write the archive."""
    with zipfile.ZipFile(out, "w") as archive:
        for path in files(html):
            entry = zipfile.ZipInfo(f"{FOLDER}/{path.relative_to(html).as_posix()}", DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes(), compresslevel=9)


def main(arguments=None):
    """Pack the book."""
    options = pages.options(arguments, __doc__, OUT)
    pack(options.html, options.out)
    print(f"the zip is {options.out}; unpack it and open {FOLDER}/index.html")


if __name__ == "__main__":
    sys.exit(main())
