// A gate before a server: it lets so much through, and holds the rest until it is opened.

import { connect, createServer } from "node:net";

export class Gate {
  #room = Infinity;
  #held = [];

  /** A gate before a server at a port of the loopback interface. */
  static async before(port) {
    const gate = new Gate();
    gate.server = createServer((guest) => {
      const host = connect(port, "127.0.0.1");
      guest.pipe(host);
      host.on("data", (data) => gate.#pass(guest, data));
      host.on("end", () => guest.end());
      for (const [one, other] of [[guest, host], [host, guest]]) one.on("error", () => other.destroy());
    });
    await new Promise((ready) => gate.server.listen(0, "127.0.0.1", ready));
    gate.port = gate.server.address().port;
    return gate;
  }

  #pass(guest, data) {
    if (this.#room > 0) {
      this.#room -= data.length;
      guest.write(data);
    } else {
      this.#held.push([guest, data]);
    }
  }

  /** Lets about so many octets of the server's through from now on. */
  close(room) {
    this.#room = room;
  }

  open() {
    this.#room = Infinity;
    for (const [guest, data] of this.#held.splice(0)) guest.write(data);
  }

  end() {
    this.server.close();
  }
}
