"""Recompute book/results/breaks.csv: the failures of a chapter, each for many seeds.

The worlds, what is tried on them and how it is graded are the chapter's own functions, taken out
of its text; so the code that readers see is the code that was run.
"""

import argparse
import ast
import warnings

import notebooks
import pandas as pd

import elastic_tutorial as et
from studies import RESULTS, write

CHAPTER = notebooks.ROOT / "book" / "when_it_breaks.md"
TABLE = RESULTS / "breaks.csv"
SEEDS = range(20)


def cases_of(chapter=CHAPTER):
    """Cases that a chapter defines: functions of a seed that return a table of grades.

    Of its cells only imports, functions and constants in capitals are run.
    """
    names = {}
    for cell in notebooks.read_text(chapter).cells:
        if cell.cell_type == "code" and "remove-cell" not in cell.metadata.get("tags", []):
            tree = ast.parse(cell.source)
            tree.body = [statement for statement in tree.body if _defines(statement)]
            exec(compile(tree, chapter.name, "exec"), names)
    return names["CASES"]


def _defines(statement):
    """Tell whether a statement is an import, a function or a constant in capitals."""
    if isinstance(statement, ast.Assign):
        names = [node for target in statement.targets for node in ast.walk(target)]
        return all(node.id.isupper() for node in names if isinstance(node, ast.Name))
    return isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef)


def rows_of(cases, name, seed):
    """Grades of all analyses of a case, for one seed, and how many of its fits gave a warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", et.ApproximationWarning)
        grades = cases[name](seed).reset_index()
    grades.insert(0, "seed", seed)
    grades.insert(0, "case", name)
    return grades.assign(warned=len(caught))


def study(names):
    """Write the rows of some cases, among those of the others that are there."""
    cases = cases_of()
    for name in names or cases:
        new = pd.concat([rows_of(cases, name, seed) for seed in SEEDS])
        old = pd.read_csv(TABLE, comment="#") if TABLE.exists() else new.iloc[:0]
        kept = {key: rows for key, rows in old.groupby("case") if key != name} | {name: new}
        table = pd.concat([kept[key] for key in cases if key in kept])
        write(TABLE, table, f"failures of {CHAPTER.name}, seeds {SEEDS[0]} to {SEEDS[-1]} of each")
        print(f"{TABLE.name}: {name}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="*", help="function of the chapter; all when none is named")
    study(parser.parse_args().case)
