// The same without JavaScript: every page is whole without it.

import { mergeTwo } from "./deciding.mjs";
import { demonstration, Program } from "./program.mjs";
import { Visit } from "./visit.mjs";

export async function withoutScripts(report, browser, programs) {
  await Program.with(demonstration(programs), async (program) => {
    const visit = await Visit.of(browser, program, { javaScriptEnabled: false });
    const { page } = visit;
    await visit.search("/assets", "web1 os_vresion:10");
    report.check("without scripts a query is corrected", (await visit.alert()).includes("column 6"));

    await mergeTwo(visit, "the same rack");
    report.check("without scripts assets are merged", await visit.has("the same rack"), await visit.text());
    await visit.press("Unmerge");
    report.check("and taken apart", await visit.has("prn-hall-2"), await visit.text());

    await visit.open("/unresolved");
    await page.getByRole("radio").last().check();
    await visit.press("Settle");
    report.check("without scripts a computer is settled", await visit.has("No computer waits"), await visit.text());

    await visit.open("/tasks/1");
    await visit.press("Dry run");
    await lookAgain(visit, "What it would do");
    await visit.press("Apply this plan");
    await lookAgain(visit, "The plan was applied");
    report.check("without scripts a plan is looked at and applied", true);
    await visit.press("Run now");
    await lookAgain(visit, "The latest run");
    report.check("without scripts a run is followed by a link", true);

    await visit.open("/credential?id=reader");
    await visit.press("Test the connection");
    report.check("without scripts a connection is tested", await visit.has("Signed in to"), await visit.text());
    visit.checkQuiet(report, "without scripts");
    await visit.context.close();
  });
}

/** Looks again until a run has ended as it should. */
async function lookAgain(visit, heading) {
  const again = visit.page.getByRole("link", { name: "Look again" });
  while ((await again.count()) > 0) await visit.follow("Look again");
  await visit.heading(heading).waitFor();
}
