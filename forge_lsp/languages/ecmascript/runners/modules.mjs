// Parses a project's JavaScript and checks that what is imported is there. Runs none of it. Node 18 or later, no packages.
//
// Started with --experimental-vm-modules. Request on stdin: {root, files: [relative path...]}, the document and all that it
// could break. Answer on stdout: {problems: [{file, line, column, code, message}]}; columns count UTF-16 code units from 1.
// Node's own parser is asked, so what it takes is what the project's node takes.

import fs from "node:fs";
import path from "node:path";

import { project, reading } from "./resolving.mjs";

const request = JSON.parse(fs.readFileSync(0, "utf8"));
const disk = reading();
const { check } = project(request.root, disk);
const problems = [];
for (const name of request.files) {
  const file = path.join(request.root, name);
  if (disk.isFile(file)) problems.push(...(await check(file)));
}
process.stdout.write(JSON.stringify({ problems }));
