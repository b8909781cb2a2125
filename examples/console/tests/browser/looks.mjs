// How pages look: on a wide and on a narrow screen, by day and by night, and to those who do not see them.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const WIDTHS = [1280, 400];
const SCHEMES = ["light", "dark"];
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export class Looks {
  constructor(report, folder) {
    this.report = report;
    this.folder = folder;
    if (folder) mkdirSync(folder, { recursive: true });
  }

  /** Looks at the page that a visit is at, and then at what it folds away. */
  async check(visit, name) {
    const { page } = visit;
    const faults = { "is as wide as the screen": [], "is found well made by axe": [] };
    const [wide, flawed] = Object.values(faults);
    for (const isOpen of [false, true]) {
      if (isOpen && (await page.locator("details:not([open])").count()) === 0) continue;
      if (isOpen) await page.evaluate(() => document.querySelectorAll("details").forEach((it) => (it.open = true)));
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: width === 400 ? 800 : 900 });
          const look = `${name}-${width}-${colorScheme}${isOpen ? "-unfolded" : ""}`;
          await this.#picture(page, look);
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          if (overflow > 0) wide.push(`${look}: ${overflow} pixels too wide`);
          flawed.push(...(await violations(page)).map((it) => `${look}: ${it}`));
        }
      }
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    for (const [what, found] of Object.entries(faults)) {
      this.report.check(`${name} ${what}`, found.length === 0, found.join("; "));
    }
  }

  async #picture(page, look) {
    if (this.folder) await page.screenshot({ path: join(this.folder, `${look}.png`), fullPage: true });
  }
}

async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate((values) => window.axe.run({ runOnly: { type: "tag", values } }), RULES);
  return found.violations.map(({ id, nodes }) => `${id} at ${nodes.map((node) => node.target).join(", ")}`);
}
