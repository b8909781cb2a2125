// The programs that the browser looks at.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A console as a process of its own, with what it said when it was started. */
export class Program {
  #process;

  constructor(process, said) {
    this.#process = process;
    this.link = said.at(-1).slice("open ".length);
    this.origin = new URL(this.link).origin;
    const directory = /directory is at (\S+), for the account (\S+) with the password "(.*)"/;
    const [, url, account, password] = said.join("\n").match(directory) ?? [];
    Object.assign(this, { directory: url, account, password });
  }

  static async start(program, ...options) {
    const process = spawn(program, options, { stdio: ["ignore", "ignore", "pipe"] });
    const said = [];
    for await (const line of createInterface(process.stderr)) {
      said.push(line);
      if (line.startsWith("open ")) {
        process.stderr.resume();
        return new Program(process, said);
      }
    }
    throw new Error(`${program} ended: ${said.join(" ")}`);
  }

  /** Starts one for the time of `use`. */
  static async with([program, ...options], use) {
    const started = await Program.start(program, ...options);
    try {
      return await use(started);
    } finally {
      started.#process.kill();
    }
  }
}

/** A demonstration, of which nothing is kept. */
export const demonstration = (programs) => [programs.console, "--listen", "127.0.0.1:0"];
