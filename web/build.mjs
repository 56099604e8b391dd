// Builds the console into dist/: one script, one style sheet, the page and its icon. `--watch` builds again on every change.
import { context } from "esbuild";
import { copyFile, mkdir, rm, stat } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { readFileSync } from "node:fs";

const largestGzip = 100 * 1024;
const here = (name) => new URL(name, import.meta.url).pathname;

await rm(here("dist"), { recursive: true, force: true });
await mkdir(here("dist"));
for (const name of ["index.html", "icon.svg"]) {
  await copyFile(here(`src/${name}`), here(`dist/${name}`));
}

const build = await context({
  entryPoints: { console: here("src/main.tsx") },
  outdir: here("dist"),
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "warning",
});

if (process.argv.includes("--watch")) {
  await build.watch();
} else {
  await build.rebuild();
  await build.dispose();
  let total = 0;
  for (const name of ["console.js", "console.css"]) {
    const size = gzipSync(readFileSync(here(`dist/${name}`))).length;
    total += size;
    console.log(`dist/${name}  ${((await stat(here(`dist/${name}`))).size / 1024).toFixed(1)} KiB, ${(size / 1024).toFixed(1)} KiB gzipped`);
  }
  if (total > largestGzip) {
    console.error(`The console is ${(total / 1024).toFixed(0)} KiB gzipped; the limit is ${largestGzip / 1024}.`);
    process.exit(1);
  }
}
