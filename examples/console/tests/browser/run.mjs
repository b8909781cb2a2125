// The console in a real browser, headless.
//
//   node run.mjs --console PROGRAM --hostile PROGRAM [--chromium PROGRAM] [--screenshots FOLDER] [SECTION...]

import { parseArgs } from "node:util";

import { chromium } from "playwright-core";

import { decisions } from "./deciding.mjs";
import { brake, fromCredentialToRun, planAndApply } from "./directory.mjs";
import { forgedForms, hostileDirectory } from "./keeping_out.mjs";
import { Looks } from "./looks.mjs";
import { everyPage } from "./pages.mjs";
import { Report } from "./report.mjs";
import { withoutScripts } from "./without_scripts.mjs";

const SECTIONS = [
  everyPage,
  decisions,
  fromCredentialToRun,
  planAndApply,
  brake,
  withoutScripts,
  forgedForms,
  hostileDirectory,
];

const { values: programs, positionals: chosen } = parseArgs({
  options: {
    console: { type: "string" },
    hostile: { type: "string" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
    screenshots: { type: "string" },
  },
  allowPositionals: true,
});

// The profile is new and empty, and nothing is asked for but what pages ask for.
const browser = await chromium.launch({
  executablePath: programs.chromium,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const report = new Report();
const looks = new Looks(report, programs.screenshots);
for (const section of SECTIONS) {
  if (chosen.length === 0 || chosen.includes(section.name)) {
    await report.section(section, browser, programs, looks);
  }
}
await browser.close();
report.finish();
