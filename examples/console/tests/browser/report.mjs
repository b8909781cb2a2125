// One line per check, and the count at the end, as the suites of tests/rig say it.

const shortened = (detail) => {
  const text = String(detail).split(/\s+/).join(" ");
  return text.length <= 600 ? text : `${text.slice(0, 600)} ...`;
};

export class Report {
  #passed = 0;
  #failed = 0;

  /** `detail` is what to show when it does not hold. */
  check(name, holds, detail = "") {
    if (holds) this.#passed += 1;
    else this.#failed += 1;
    const why = holds || detail === "" ? "" : ` (${shortened(detail)})`;
    console.log(`${holds ? "ok   " : "FAIL "} console: ${name}${why}`);
  }

  equal(name, actual, expected) {
    const [is, should] = [actual, expected].map((it) => JSON.stringify(it));
    this.check(name, is === should, `is ${is}, expected ${should}`);
  }

  /** Some checks that belong together; if they break off, that is one failure and the next ones still run. */
  async section(checks, ...given) {
    try {
      await checks(this, ...given);
    } catch (error) {
      this.check(`${checks.name} runs to its end`, false, error.stack ?? error);
    }
  }

  /** The last line, which tests/run adds up, and the exit status. */
  finish() {
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    process.exitCode = this.#failed === 0 ? 0 : 1;
  }
}
