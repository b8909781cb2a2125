// Every page, and how it looks.

import { demonstration, Program } from "./program.mjs";
import { Visit } from "./visit.mjs";

const PATHS = [
  ["assets", "/assets"],
  ["assets-unreadable", "/assets?q=web1+os_vresion%3A10"],
  ["assets-none", "/assets?q=os%3Awindws"],
  ["users", "/users"],
  ["groups", "/groups"],
  ["unresolved", "/unresolved"],
  ["overlaps", "/overlaps"],
  ["coverage", "/coverage"],
  ["coverage-by-ad-site", "/coverage?by=ad_site"],
  ["tasks", "/tasks"],
  ["task", "/tasks/1"],
  ["credentials", "/credentials"],
  ["credential", "/credential?id=reader"],
  ["no-page", "/nowhere"],
];

/** What there is to see before anybody does anything. */
export async function everyPage(report, browser, programs, looks) {
  await Program.with(demonstration(programs), async (program) => {
    const visit = await Visit.of(browser, program);
    for (const [name, path] of PATHS) {
      await visit.open(path);
      await looks.check(visit, name);
    }
    await visit.open("/assets?q=name%3A%3Dpayroll");
    await visit.follow("payroll");
    await looks.check(visit, "asset");
    await visit.open("/groups");
    await visit.page.getByRole("rowheader").getByRole("link").first().click();
    await looks.check(visit, "group");
    await visit.open("/merge?asset=prn-hall-2&asset=sw-floor-3");
    await looks.check(visit, "merge");

    const stranger = await Visit.begin(browser);
    const answer = await stranger.page.goto(`${program.origin}/assets`);
    report.equal("whoever has no token is refused", answer.status(), 401);
    report.check("and is told how to come in", await stranger.has("Open the link"));
    await looks.check(stranger, "no-token");
    await Promise.all([visit, stranger].map((it) => it.context.close()));
  });
}
