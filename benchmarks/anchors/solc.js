// The command line of solc as py-solc-x and forge call it, answered by npm's solc: `--version` and `--standard-json`.
// Imports are looked up in the base path and in the folders named by --include-path and --allow-paths, nowhere else.
"use strict";
const fs = require("fs");
const path = require("path");
const solc = require("solc");

const FOLDER_OPTIONS = ["--base-path", "--include-path", "--allow-paths"];

function folders(options) {
  const found = [];
  options.forEach((option, index) => {
    const [name, value] = option.split("=", 2);
    if (FOLDER_OPTIONS.includes(name)) found.push(...(value ?? options[index + 1] ?? "").split(","));
  });
  return found.filter(Boolean);
}

function reader(roots) {
  return (name) => {
    for (const root of roots) {
      const file = path.resolve(root, name);
      if (fs.existsSync(file) && fs.statSync(file).isFile()) return { contents: fs.readFileSync(file, "utf8") };
    }
    return { error: `no ${name} under ${roots.join(", ")}` };
  };
}

const options = process.argv.slice(2);
if (options.includes("--version")) {
  console.log("solc, the solidity compiler commandline interface");
  // both readers know native builds only by their names
  console.log("Version: " + solc.version().replace(".Emscripten.clang", ".Linux.g++"));
} else if (options.includes("--standard-json")) {
  process.stdout.write(solc.compile(fs.readFileSync(0, "utf8"), { import: reader(folders(options)) }));
} else {
  console.error("solc.js answers only --version and --standard-json");
  process.exitCode = 1;
}
