// Somebody at a browser, and what the browser did beside what they did.

/** How long the browser waits for what must come. */
const PATIENCE = 30_000;

export class Visit {
  /** Where it asked for anything. */
  origins = new Set();
  /** What scripts of pages showed, and what the browser had to say of pages. */
  dialogs = [];
  complaints = [];

  static async begin(browser, options = {}) {
    const visit = new Visit();
    visit.context = await browser.newContext(options);
    visit.context.setDefaultTimeout(PATIENCE);
    visit.context.on("request", (request) => visit.origins.add(new URL(request.url()).origin));
    visit.page = await visit.context.newPage();
    visit.page.on("dialog", (dialog) => {
      visit.dialogs.push(dialog.message());
      dialog.dismiss();
    });
    visit.page.on("pageerror", (error) => visit.complaints.push(error.message));
    visit.page.on("console", (message) => {
      // That a page is refused is what some checks are about.
      const isRefusal = message.text().startsWith("Failed to load resource");
      if (message.type() === "error" && !isRefusal) visit.complaints.push(message.text());
    });
    return visit;
  }

  /** Comes in by the printed link. */
  static async of(browser, program, options) {
    const visit = await Visit.begin(browser, options);
    visit.program = program;
    await visit.page.goto(program.link);
    return visit;
  }

  async open(path) {
    const answer = await this.page.goto(this.program.origin + path);
    return answer.status();
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  heading(name) {
    return this.page.getByRole("heading", { name });
  }

  /** Presses a button, and waits for the page that it leads to. */
  async press(name) {
    await this.#following(this.button(name));
  }

  async follow(name) {
    await this.#following(this.page.getByRole("link", { name, exact: true }).first());
  }

  async #following(control) {
    await Promise.all([this.page.waitForEvent("framenavigated"), control.click()]);
    await this.page.waitForLoadState();
  }

  async search(path, query) {
    await this.open(path);
    await this.page.getByRole("searchbox").fill(query);
    await this.press("Search");
  }

  /** The page as somebody reads it. */
  async text() {
    return this.page.locator("body").innerText();
  }

  /** The text of a message that is told at once. */
  async alert() {
    return this.page.getByRole("alert").first().innerText();
  }

  async has(text) {
    return (await this.text()).includes(text);
  }

  /** That the browser did nothing but what it was asked to. */
  checkQuiet(report, what) {
    report.equal(`${what}: nothing is asked for elsewhere`, [...this.origins], [this.program.origin]);
    report.equal(`${what}: no script speaks`, this.dialogs, []);
    report.equal(`${what}: the browser has nothing to complain of`, this.complaints, []);
  }
}
