// What must do no harm: forms that are not the console's own, and what others wrote into a directory.

import { createServer } from "node:http";

import { demonstration, Program } from "./program.mjs";
import { Visit } from "./visit.mjs";

const RUN = "/tasks/1/run";

/** Forms of other sites, and forms that were tampered with. */
export async function forgedForms(report, browser, programs) {
  await Program.with(demonstration(programs), async (program) => {
    const visit = await Visit.of(browser, program);
    await visit.open("/tasks/1");
    const key = await visit.page.locator('[name="form_key"]').first().inputValue();
    const refused = async (what, submit, status) => {
      const posted = visit.page.waitForResponse((answer) => answer.url().endsWith(RUN));
      await submit();
      report.equal(`${what} is refused`, (await posted).status(), status);
    };
    // The second has another host than the console, so that the browser sends no cookie along.
    await OtherSite.with(program.origin, key, async (other) => {
      for (const [host, status] of [["127.0.0.1", 403], ["localhost", 401]]) {
        const forged = async () => {
          await visit.page.goto(`http://${host}:${other.port}/form`);
          await visit.button("Win").click();
        };
        await refused(`a form of ${host}, with the right key,`, forged, status);
      }
      await visit.page.goto(`http://127.0.0.1:${other.port}/frame`);
      const framed = await visit.page.frames()[1].content();
      report.check("no page is shown within one of another site", !framed.includes("Dry run"), framed);
    });
    const own = [
      ["a form without a key", (it) => it.remove()],
      ["a form with a key that was guessed", (it) => (it.value = "guess")],
    ];
    for (const [what, tamper] of own) {
      const forged = async () => {
        await visit.open("/tasks/1");
        await visit.page.locator(`form[action="${RUN}"] [name="form_key"]`).evaluate(tamper);
        await visit.button("Run now").click();
      };
      await refused(what, forged, 403);
    }
    await visit.open("/tasks/1");
    report.equal("none of them began a run", await visit.page.locator("#result").count(), 0);
    await visit.context.close();
  });
}

/** A site of somebody else, which has learned the key of the forms. */
class OtherSite {
  static async with(console, key, use) {
    const pages = {
      "/form": `<form method="post" action="${console}${RUN}"><input name="form_key" value="${key}">
                <input name="errand" value="sync"><button>Win</button></form>`,
      "/frame": `<iframe src="${console}/tasks/1"></iframe>`,
    };
    const server = createServer((request, answer) => {
      answer.setHeader("Content-Type", "text/html");
      answer.end(pages[request.url] ?? "");
    });
    await new Promise((ready) => server.listen(0, ready));
    try {
      await use(server.address());
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }
}

const PAGES = [
  "/assets",
  "/users",
  "/groups",
  "/unresolved",
  "/overlaps",
  "/coverage",
  "/tasks",
  "/tasks/1",
  "/credentials",
];

/** A directory whose every text is meant for the browser. */
export async function hostileDirectory(report, browser, programs) {
  await Program.with([programs.hostile], async (program) => {
    const visit = await Visit.of(browser, program);
    const { page } = visit;
    const strange = [];
    const look = async (what) => {
      const made = await page.locator("img, iframe, base, u, i, script:not([src='/console.js'])").count();
      if (made > 0) strange.push(what);
    };
    for (const [button, heading] of [["Dry run", "What it would do"], ["Run now", "The latest run"]]) {
      await visit.open("/tasks/1");
      await visit.press(button);
      await visit.heading(heading).waitFor();
      await look(button);
    }
    await visit.search("/assets", "evil");
    await look("found");
    await visit.follow(/^evil/i);
    await page.getByLabel("Owner").fill('<i>x</i>"');
    await page.getByLabel("Tags, one a line").fill("<u>");
    await page.getByLabel("Comment").fill("</textarea><script>alert(4)</script>");
    await visit.press("Save");
    await page.evaluate(() => document.querySelectorAll("details").forEach((it) => (it.open = true)));
    await look("asset");
    const shown = await visit.text();
    report.check("script in an attribute is shown as what it is", shown.includes("<script>alert(1)</script>"), shown);
    for (const path of PAGES) {
      await visit.open(path);
      await look(path);
    }
    await visit.search("/assets", "\"'><script>alert(5)</script>");
    await look("searched");
    report.equal("nothing of it is markup", strange, []);
    visit.checkQuiet(report, "a hostile directory");
    await visit.context.close();
  });
}
