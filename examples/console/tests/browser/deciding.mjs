// What people do with assets: search for them, make one of several, say which one a computer is, and what they know of it.

import { demonstration, Program } from "./program.mjs";
import { Visit } from "./visit.mjs";

export async function decisions(report, browser, programs, looks) {
  await Program.with(demonstration(programs), async (program) => {
    const visit = await Visit.of(browser, program);
    report.equal("the token does not stay in the address", visit.page.url(), `${program.origin}/assets`);
    for (const checks of [searching, merging, settling, annotating]) {
      await report.section(checks, visit);
    }
    visit.checkQuiet(report, "deciding");
    await visit.open("/assets?q=name%3A%3Dpayroll");
    await visit.follow("payroll");
    await looks.check(visit, "asset-annotated");
    await visit.context.close();
  });
}

async function searching(report, visit) {
  await visit.search("/assets", "web1 os_vresion:10");
  const told = await visit.alert();
  report.check("a query that cannot be read is told of", told.includes("cannot be read at column 6"), told);
  const [query, caret] = (await visit.page.locator("pre").innerText()).split("\n");
  report.equal("with a caret below the place", caret.indexOf("^"), query.indexOf("os_vresion"));
  report.check("and what may have been meant", told.includes("Did you mean os_version?"), told);
  report.equal("what was written stays in the box", await visit.page.getByRole("searchbox").inputValue(), query);

  await visit.search("/assets", "source:scan");
  const facet = visit.page.getByRole("complementary").getByRole("listitem").filter({ hasText: "warehouse" });
  const count = await facet.locator(".count").innerText();
  await visit.follow("warehouse");
  report.check("a facet narrows the answer to what it counts", await visit.has(`${count} assets`), await visit.text());
  await visit.follow("Last seen");
  const sorted = await visit.page.getByRole("columnheader", { name: "Last seen" }).getAttribute("aria-sort");
  report.equal("a title sorts by its column", sorted, "ascending");
}

/** Searches for two assets, and merges them by their check boxes. */
export async function mergeTwo(visit, why) {
  await visit.search("/assets", "name:=prn-hall-2 OR name:=sw-floor-3");
  for (const name of ["prn-hall-2", "sw-floor-3"]) {
    await visit.page.getByRole("checkbox", { name: `Merge ${name}` }).check();
  }
  await visit.press("Merge what is ticked...");
  await visit.page.getByLabel("Why (optional)").fill(why);
  const preview = await visit.text();
  await visit.press("Merge");
  return preview;
}

async function merging(report, visit) {
  const preview = await mergeTwo(visit, "the same rack");
  report.check("a merge is shown before it is made", preview.includes("What it would give"), preview);
  const merged = await visit.text();
  for (const told of ["10.0.0.13", "10.1.6.2", "the same rack"]) {
    report.check(`what was merged has ${told}`, merged.includes(told), merged);
  }
  await visit.press("Unmerge");
  const apart = await visit.page.getByRole("region", { name: "Values" }).innerText();
  report.check("it is taken back", apart.includes("10.1.6.2") && !apart.includes("10.0.0.13"), apart);
  await visit.search("/assets", "name:=sw-floor-3");
  report.check("and the other one is there again", await visit.has("1 asset"), await visit.text());
}

async function settling(report, visit) {
  await visit.open("/unresolved");
  const card = visit.page.locator("form.card");
  report.equal("one computer waits", await card.count(), 1);
  const candidate = card.getByRole("radio").nth(1);
  const id = await candidate.getAttribute("value");
  await candidate.check();
  await card.getByLabel("Why (optional)").fill("it stands there");
  await visit.press("Settle");
  report.check("a computer that waits is settled", await visit.has("No computer waits"), await visit.text());
  await visit.open(`/assets/${id}`);
  report.check("the asset tells of it", await visit.has("it stands there"), await visit.text());
}

async function annotating(report, visit) {
  await visit.search("/assets", "name:=payroll");
  await visit.follow("payroll");
  const said = { Owner: "jane <jane@corp.example>", "Tags, one a line": "pci\nroom=2, left", Comment: "two\nlines" };
  for (const [label, text] of Object.entries(said)) await visit.page.getByLabel(label).fill(text);
  await visit.page.getByLabel("Criticality").selectOption("high");
  await visit.press("Save");
  for (const [label, text] of Object.entries(said)) {
    report.equal(`what was said stays: ${label}`, await visit.page.getByLabel(label).inputValue(), text);
  }
  await visit.search("/assets", 'owner:jane tag:pci tag:="room=2, left" criticality:high');
  report.check("and is found", await visit.has("1 asset"), await visit.text());
}
