// A directory, from the account that reads it to what a run wrote: credentials, tasks, dry runs, plans and the brake.

import { Gate } from "./gate.mjs";
import { demonstration, Program } from "./program.mjs";
import { Visit } from "./visit.mjs";

/** What a server may say before the gate is closed: all computers, and not all users. */
const SOME = 400_000;

/** By a credential of its own, over a connection that stalls, a run is begun and followed. */
export async function fromCredentialToRun(report, browser, programs, looks) {
  await Program.with(demonstration(programs), async (program) => {
    const gate = await Gate.before(Number(new URL(program.directory).port));
    const visit = await Visit.of(browser, program);
    try {
      await report.section(credential, visit, gate, looks);
      await report.section(task, visit);
      await report.section(liveRun, visit, gate, looks);
    } finally {
      gate.end();
    }
    await visit.context.close();
  });
}

async function credential(report, visit, gate, looks) {
  const { page, program } = visit;
  await visit.open("/credentials");
  await page.getByLabel("Name", { exact: true }).fill("second");
  await page.getByLabel("Servers, with commas").fill(`127.0.0.1:1, 127.0.0.1:${gate.port}`);
  await page.getByLabel("Account", { exact: true }).fill(program.account);
  await page.getByLabel("Password", { exact: true }).fill(program.password);
  await visit.press("Add");
  report.equal("a credential has a page of its own", new URL(page.url()).pathname, "/credential");

  await visit.press("Test the connection");
  const refused = await visit.alert();
  report.check("whom nothing vouches for is refused", refused.includes("Fetch the certificate"), refused);
  await looks.check(visit, "credential-refused");
  await visit.press("Fetch the certificate");
  const card = page.getByRole("article").filter({ hasText: `${gate.port}` });
  const presented = await card.innerText();
  report.check("what the server presents is shown", presented.includes("dc1.corp.example.test"), presented);
  await looks.check(visit, "credential-certificate");
  await visit.press("It is the same: pin it");
  const pins = await page.getByRole("listitem").filter({ hasText: "127.0.0.1=SHA256:" }).count();
  report.equal("a pin is kept", pins, 1);

  await visit.press("Test the connection");
  const passed = await page.getByRole("status").innerText();
  report.check("with the pin it gets through", /Signed in to .* vouched for by a thumbprint/.test(passed), passed);
  const ladder = await page.locator("ol.ladder").innerText();
  report.check("the step that was in vain is shown", /LDAPS at 127\.0\.0\.1:1: .*refused/.test(ladder), ladder);
  const last = `LDAPS at 127.0.0.1:${gate.port}: connected`;
  report.check("and the one that served", ladder.includes(last), ladder);
  await looks.check(visit, "credential-tested");
  report.check("the password is in no page", !(await page.content()).includes(program.password));
}

async function task(report, visit) {
  const { page } = visit;
  await visit.open("/tasks");
  await page.getByLabel("Name", { exact: true }).fill("By day");
  await page.getByLabel("Domain", { exact: true }).fill("corp.example.test");
  await page.getByLabel("Site of new assets").fill("annex");
  await page.getByLabel("Credential", { exact: true }).selectOption("second");
  for (const folded of ["What is read", "Computers to leave out", "How much one run may change"]) {
    await page.getByText(folded, { exact: true }).click();
  }
  await page.getByLabel("Which computers have LAPS").check();
  await page.getByLabel("Those whose account is disabled").check();
  await page.getByLabel("Those in these OUs").fill("OU=Staging,DC=corp,DC=example,DC=test");
  await page.getByLabel("Objects that are missing, at most").fill("40");
  await visit.press("Add");
  await page.getByText("What is read", { exact: true }).click();
  report.check("what is ticked stays so", await page.getByLabel("Which computers have LAPS").isChecked());
  await page.getByText("How much one run may change", { exact: true }).click();
  const most = await page.getByLabel("Objects that are missing, at most").inputValue();
  report.equal("and what is written, too", most, "40");
}

async function liveRun(report, visit, gate, looks) {
  const { page } = visit;
  await page.getByLabel("Read everything").check();
  gate.close(SOME);
  await visit.press("Run now");
  const progress = page.locator("[data-events]");
  await progress.filter({ hasText: /reading: [1-9]/ }).waitFor();
  report.check("a run is followed as it goes on", true);
  await looks.check(visit, "task-running");
  gate.open();
  await visit.heading("The latest run").waitFor();
  report.check("and its end shows by itself", (await progress.count()) === 0);
  const numbers = await page.getByRole("region", { name: "Numbers" }).innerText();
  report.check("with what it came to", /missing: not seen, but kept\s+1\b/.test(numbers), numbers);
  visit.checkQuiet(report, "from a credential to a run");
  await looks.check(visit, "task-run");
}

/** What a run would do is looked at, and then done. */
export async function planAndApply(report, browser, programs, looks) {
  await Program.with(demonstration(programs), async (program) => {
    const visit = await Visit.of(browser, program);
    const { page } = visit;
    await visit.open("/tasks/1");
    await visit.press("Dry run");
    await visit.heading("What it would do").waitFor();
    const plan = await visit.text();
    for (const told of ["nothing was written", "1 object would be lost", "BUILD-03"]) {
      report.check(`a plan says: ${told}`, plan.includes(told), plan);
    }
    const decided = await page.getByRole("region", { name: "Decisions" }).getByRole("row").allInnerTexts();
    const kiosk = decided.find((row) => row.startsWith("kiosk"));
    report.check("and why it is decided so", kiosk?.includes("a person must decide"), decided.join("\n"));
    await looks.check(visit, "task-plan");
    await visit.open("/assets?q=name%3A%3Dwelcome-desk");
    report.check("nothing of it is done", await visit.has("Nothing was found"));
    await visit.open("/tasks/1");
    await visit.press("Apply this plan");
    await visit.heading("The plan was applied").waitFor();
    await looks.check(visit, "task-applied");
    await visit.open("/assets?q=name%3A%3Dwelcome-desk");
    report.check("it is done once it is applied", !(await visit.has("Nothing was found")));
    await visit.context.close();
  });
}

/** A run that would change more than it may waits, and goes on when a person says so. */
export async function brake(report, browser, programs, looks) {
  await Program.with(demonstration(programs), async (program) => {
    const visit = await Visit.of(browser, program);
    const { page } = visit;
    await visit.open("/tasks/1");
    await page.getByText("How much one run may change", { exact: true }).click();
    await page.getByLabel("Objects that are missing, at most").fill("0");
    const settings = page.locator('form[action$="/settings"]');
    await Promise.all([page.waitForEvent("framenavigated"), settings.getByRole("button").click()]);
    await visit.press("Run now");
    await visit.heading("What it would do").waitFor();
    const stopped = await visit.alert();
    report.check("a run that would change too much is stopped", stopped.includes("Nothing was written"), stopped);
    report.check("and says what would be lost", await visit.has("BUILD-03"), await visit.text());
    await looks.check(visit, "task-stopped");
    await visit.press("I have looked at it: confirm and apply");
    await visit.heading("The plan was applied").waitFor();
    await visit.open("/assets?q=state%3Amissing");
    report.check("confirmed, it is done", await visit.has("build-03"), await visit.text());
    visit.checkQuiet(report, "the brake");
    await visit.context.close();
  });
}
