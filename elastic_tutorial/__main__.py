"""The terminal command: a sales file in, a folder with a report out."""

from __future__ import annotations

import argparse
import contextlib
import platform
import sys
import time
import warnings
from importlib.metadata import PackageNotFoundError, version

PROGRAM = "python -m elastic_tutorial"
PACKAGES = ("elastic-tutorial", "arviz", "jax", "numpy", "numpyro", "pandas", "pyfixest", "scipy")
EXAMPLE = f"""\
example, of a file that begins

  week,sku,dept,sold,price,cost,promo
  2024-01-01,tea-250g,drinks,31,4.99,2.10,0
  2024-01-08,tea-250g,drinks,52,3.99,2.10,1

  {PROGRAM} sales.csv --product sku --period week --units sold \\
      --price price --category dept --cost cost --covariates promo --out report/

It writes report/report.html (findings, checks, figures), report/elasticities.csv,
report/prices.csv and report/masked.csv (rows left out), all of them or none.

Exit status: 0, the report is written and all checks are fine; 1, it is written and
a check asks for a look; 2, the table or an option was refused and nothing is written.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        options = _options(arguments)
    except (OSError, ValueError) as error:
        return _complain(_one_line(error))
    try:
        with warnings.catch_warnings(record=True, action="always") as caught:
            return _run(options, caught)
    except KeyboardInterrupt:
        return _complain("interrupted; nothing was written", code=130)
    except Exception as error:
        if options.traceback:
            raise
        return _complain(*map(_one_line, getattr(error, "parts", ()) or [error]))


def _run(options, caught):
    """Read, check, fit, test, price, write; return 1 if a check asks for a look, else 0."""
    progress = _Progress(sys.stderr if sys.stderr.isatty() else None, 6)
    from elastic_tutorial.report import reading  # after --help, which needs none of what it imports

    progress.step("reading")
    folder, rules = reading.claim(options), reading.rules(options)
    last = reading.last(options)
    sales, panel, remarks = reading.read(options)
    from elastic_tutorial.report import command  # after reading, which needs no JAX to complain

    checks = [command.check(panel, options)]
    progress.step(f"fitting {panel.n_products:,} products")
    posterior = command.fit(panel, options)
    remarks += command.compare(panel, posterior, options)
    progress.step("testing on hidden periods")
    test = command.run_back_test(panel, options)
    progress.step("choosing prices")
    report = command.report(
        options, rules, last, sales, panel, posterior, test, checks, remarks, caught
    )
    progress.step("writing")
    command.write(report, folder, options)
    progress.step("done")
    sys.stdout.write(command.summary(report, options))
    return int((report.checks["verdict"] == "look").any())


class _Progress:
    """A bar at a terminal; nothing elsewhere."""

    def __init__(self, stream, n_steps):
        self.stream, self.n_steps, self.done, self.start = stream, n_steps, 0, time.monotonic()

    def step(self, name):
        if self.stream is None:
            return
        self.done += 1
        bar = ("#" * (4 * (self.done - 1))).ljust(4 * (self.n_steps - 1), ".")
        end = "\n" if self.done == self.n_steps else ""
        self.stream.write(f"\r[{bar}] {time.monotonic() - self.start:4.0f} s  {name:<40}{end}")
        self.stream.flush()


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """Complain in one line, as everything else does."""
        self.exit(_complain(f"{message} (--help shows an example)"))


def _complain(*messages, code=2):
    sys.stderr.write("".join(f"error: {message}\n" for message in messages))
    return code


def _one_line(error):
    """Say what went wrong in a line; what nobody foresaw, with its kind."""
    text = " ".join(str(error).split())
    if argument := getattr(error, "argument", None):
        text += f" Here that is the option {_option(argument)}."
    if isinstance(error, MemoryError):
        return "not enough memory for so many products and periods"
    if isinstance(error, ValueError | OSError | RuntimeError) and text:
        return text
    return f"unforeseen {type(error).__name__}: {text}; --traceback shows where"


def _option(argument):
    """Name the option that stands for an argument of a function."""
    return f"--{argument.replace('_', '-')}"


def _options(arguments):
    """Read the command line, and before it the file of settings that it names."""
    parser, finder = _parser(), _Parser(add_help=False, allow_abbrev=False)
    finder.add_argument("--settings")
    if path := finder.parse_known_args(arguments)[0].settings:
        from elastic_tutorial.report.settings import preset

        preset(parser, path, arguments)
    return parser.parse_args(arguments)


def _parser():
    """Every option, with its help."""
    parser = _Parser(
        prog=PROGRAM,
        description="Price elasticities and best prices from sales in CSV, Excel or Parquet.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("file", help="one row for each product and period")
    for name, text in {
        "product": "column of the product",
        "period": "column of the period: numbers, or dates such as 2024-01-31",
        "units": "column of the units sold in the period",
    }.items():
        add(f"--{name}", required=True, metavar="COLUMN", help=text)
    either = parser.add_mutually_exclusive_group(required=True).add_argument
    either("--price", metavar="COLUMN", help="column of the price per unit")
    either("--revenue", metavar="COLUMN", help="column of what the units brought, for a price")
    add("--out", required=True, metavar="FOLDER", help="folder to write, which must not exist")
    add("--category", metavar="COLUMN", help="column of the product's category")
    add("--cost", metavar="COLUMN", help="column of the unit cost; without it prices seek revenue")
    add("--covariates", nargs="+", default=[], metavar="COLUMN", help="such as a promotion")
    add("--json", metavar="FILE", help="write a digest for programs as well")
    add("--compare", metavar="FOLDER", help="say what changed since this earlier report")
    _add_prices(parser.add_argument_group("prices"))
    _add_model(parser.add_argument_group("model").add_argument)
    _add_file(parser.add_argument_group("file").add_argument)
    text = 'TOML file with options, as price = "price"; the command line goes before it'
    add("--settings", metavar="FILE", help=text)
    add("--force", action="store_true", help="replace an earlier report in the folder")
    add("--traceback", action="store_true", help="show where in the program an error arose")
    add("--version", action="version", version=_version())
    return parser


def _add_prices(group):
    add = group.add_argument
    text = "largest change of a price, as a share of today's (default: %(default)s)"
    add("--max-change", type=float, default=0.10, metavar="SHARE", help=text)
    text = "bounds of new prices over today's, as 0.9 1.2, in place of --max-change"
    add("--bounds", nargs=2, type=float, metavar=("LOW", "HIGH"), help=text)
    either = group.add_mutually_exclusive_group().add_argument
    text = "what may stand behind the point of a price, as .99 .49"
    either("--endings", nargs="+", type=float, metavar="PART", help=text)
    either("--ladder", metavar="FILE", help="all allowed prices, one on each line of a file")
    text = "share of the price that must remain over the unit cost"
    add("--min-margin", type=float, metavar="SHARE", help=text)
    text = "leave prices that would bring less, in currency a period (default: %(default)s)"
    add("--min-gain", type=float, default=0.0, metavar="MONEY", help=text)
    text = "column of the line of a product; all products of a line get one price"
    add("--line", metavar="COLUMN", help=text)
    text = "change so many prices at most, those that gain most"
    add("--most-changes", type=int, metavar="N", help=text)


def _add_model(add):
    laws, levels = ("poisson", "negative_binomial"), ("gamma", "fixed")
    text = "law of the sales (default: %(default)s, which lets them vary more than counts do)"
    add("--likelihood", choices=laws, default="negative_binomial", help=text)
    text = "level of demand of a product (default: %(default)s, unrelated to its price)"
    add("--intercept", choices=levels, default="fixed", help=text)
    text = "leave out what all products of a category share in a period"
    add("--no-time-effects", action="store_true", help=text)
    add("--prob", type=float, default=0.9, help="of all intervals (default: %(default)s)")
    add("--no-back-test", action="store_true", help="leave out the back-test")
    add("--seed", type=int, default=1, help="of the random draws (default: %(default)s)")


def _add_file(add):
    add("--encoding", default="utf-8", help="of a CSV file, often cp1252 (default: %(default)s)")
    add("--decimal", help="decimal mark, where a number may be read in two ways")
    add("--thousands", help="mark between thousands, likewise")
    add("--date-format", metavar="FORMAT", help="of the periods, as %%d/%%m/%%Y")
    text = "add rows up, such as receipts, less returns; the price is revenue over units sold"
    add("--by", choices=("day", "week", "month"), help=text)
    text = "shelves were full: with no row or number a product sold nothing, at the price before"
    add("--fill-zeros", action="store_true", help=text)
    add("--round-units", action="store_true", help="round what is sold by weight")
    text = "leave out rows that would be refused, and list them in masked.csv"
    add("--keep-going", action="store_true", help=text)


def _version():
    """Say in a line what the report of a problem needs of the machine."""
    found = [f"Python {platform.python_version()}", platform.platform(terse=True)]
    for name in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return ", ".join(found)


if __name__ == "__main__":
    sys.exit(main())
